import type { Bug } from './bug.ts'

const STORE = 'adapters/store/store.ts'
const SUBMIT = 'core/drive/submit.ts'
const LINE = 'core/drive/channel-lease.ts'
const QUEUE = 'core/drive/lease.ts'
const PUBLISH = 'core/drive/publish.ts'
const ENDING = 'core/splice/outcomes.ts'

/** Something is written, sent or told in the wrong order, twice, or not at all. */
export const writeBugs: readonly Bug[] = [
  {
    name: 'write-id-forgotten',
    why: 'a write whose answer was lost is taken for a lost race',
    replacements: [
      {
        file: STORE,
        find: 'return (await rows.get(row))?.writeId === row.writeId',
        replace: 'return false',
      },
    ],
  },
  {
    name: 'failed-condition-is-ours',
    why: 'a write that lost its race is taken for one whose answer was lost',
    replacements: [
      {
        file: STORE,
        find: 'return (await rows.get(row))?.writeId === row.writeId',
        replace: 'return (await rows.get(row)) !== null',
      },
    ],
  },
  {
    name: 'saved-without-the-version',
    why: 'a write from an old read undoes what another worker wrote since',
    replacements: [
      {
        file: 'adapters/store/memory-rows.ts',
        find: 'if (standing !== condition) return false',
        replace: "if (condition === 'absent' && standing !== condition) return false",
      },
    ],
  },
  {
    name: 'change-lost-in-a-race',
    why: 'an answer, a cancel or a bump that meets a faster writer is dropped',
    replacements: [
      {
        file: 'core/drive/save.ts',
        find: 'return saved === null ? null : { splice: saved, actions: changed.actions }',
        replace: 'return { splice: saved ?? splice, actions: changed.actions }',
      },
    ],
  },
  {
    name: 'act-before-the-journal',
    why: 'a request is sent that no record knows of when the process dies, or loses its write',
    replacements: [
      {
        file: SUBMIT,
        find: 'const journalled = await journal(addressed, node, channel, ports, policy)',
        replace:
          'const early = await configured.port.submit(requestOf(addressed.splice, { id: ports.chance.id(), submittedOn: channel.funding, startedAt: ports.clock.now() }), ports.call())\n  const journalled = await journal(addressed, node, channel, ports, policy)',
      },
      {
        file: SUBMIT,
        find: "command: (journal) => configured.port.submit(request, ports.call('command'), journal),",
        replace: 'command: async () => early,',
      },
    ],
  },
  {
    name: 'sent-although-not-journalled',
    why: 'a request is sent although its attempt could not be written',
    replacements: [
      {
        file: SUBMIT,
        find: "if (journalled === null) return 'busy'",
        replace:
          "if (journalled === null) {\n    await configured.port.submit(requestOf(addressed.splice, { id: ports.chance.id(), submittedOn: channel.funding, startedAt: ports.clock.now() }), ports.call())\n    return 'busy'\n  }",
      },
    ],
  },
  {
    name: 'stale-look',
    why: 'a worker that was held up submits what it decided minutes ago',
    replacements: [
      {
        file: SUBMIT,
        find: 'if (ports.clock.now() - observation.at > policy.sendWithinMs) {',
        replace: 'if (observation.at < 0) {',
      },
    ],
  },
  {
    name: 'sent-late',
    why: 'a request is sent minutes after it was journalled, when its fence has passed already',
    replacements: [
      {
        file: 'core/drive/send.ts',
        find: 'const late = ports.clock.now() - attempt.startedAt > policy.sendWithinMs',
        replace: 'const late = false',
      },
    ],
  },
  {
    name: 'marked-as-told',
    why: 'what an earlier save left to be told is marked as told, and nobody is told',
    replacements: [
      {
        file: 'core/drive/drive.ts',
        find: 'hasEnded(splice.state) ? splice : await publish(splice, splice.eventSerial, ports)',
        replace: 'hasEnded(splice.state) ? splice : { ...splice, publishedThrough: splice.eventSerial }',
      },
    ],
  },
  {
    name: 'sweep-submits',
    why: 'a sweep sends from a look that its splices share, and that others have acted on since',
    replacements: [
      {
        file: 'core/sweep/drive-due.ts',
        find: 'const options = { policy, mayAct: false,',
        replace: 'const options = { policy, mayAct: true,',
      },
      {
        file: 'core/drive/drive.ts',
        find: "if (look?.ok && look.value.observedAt < splice.updatedAt) return 'changed_since_look'",
        replace: '',
      },
    ],
  },
  {
    name: 'another-amount',
    why: 'a resubmission asks for another amount than the first one',
    replacements: [
      {
        file: SUBMIT,
        find: 'amountSats: splice.amountSats,',
        replace: 'amountSats: splice.amountSats - (splice.attempts.length - 1) * 1_000,',
      },
    ],
  },
  {
    name: 'another-address',
    why: 'a resubmission asks the node for an address again, and pays that one',
    replacements: [
      {
        file: SUBMIT,
        find: "if (splice.kind !== 'splice_out' || splice.script !== null) return standing",
        replace:
          "if (splice.kind !== 'splice_out' || (splice.script !== null && splice.attempts.length === 0)) return standing",
      },
      {
        file: 'core/splice/transitions.ts',
        find: "attempt_started: to('submitted', 'the splice is resubmitted'),",
        replace:
          "attempt_started: to('submitted', 'the splice is resubmitted'),\n    address_given: to('submitted', ''),",
      },
    ],
  },
  {
    name: 'lease-of-a-living-holder',
    why: 'a splice takes the lease from one that is still under way',
    replacements: [{ file: LINE, find: 'isReleased(await ports.store.load(entered.holder))', replace: 'true' }],
  },
  {
    name: 'lease-left-from-an-old-look',
    why: 'a worker with an old look gives the lease away that another one has just taken for the same splice',
    replacements: [
      {
        file: LINE,
        find: "if (!(await ports.store.putItem('lease', key, next, lease.version))) return",
        replace:
          "const now = (await ports.store.item('lease', key))?.version ?? 0\n  if (!(await ports.store.putItem('lease', key, next, now))) return",
      },
    ],
  },
  {
    name: 'lease-taken-by-a-write-that-lost',
    why: 'two splices that race for a lease both take it',
    replacements: [
      {
        file: 'core/ports/update.ts',
        find: 'return written ? { value: after, written } : null',
        replace: 'return { value: after, written: true }',
      },
    ],
  },
  {
    name: 'step-on-an-old-record',
    why: 'a step that was journalled already is gone on with, although its attempt was found dead since',
    replacements: [
      {
        file: 'core/drive/send.ts',
        find: 'const stepped = await updateSplice(id, (stored)',
        replace: 'const stepped = await updateSplice(latest.splice, (stored)',
      },
    ],
  },
  {
    name: 'lease-not-written-again',
    why: 'a holder from an earlier time journals while a worker with an old look gives its lease away',
    replacements: [
      {
        file: LINE,
        find: 'if (lease.holder === id) return { ...lease }',
        replace: 'if (lease.holder === id) return null',
      },
      {
        file: LINE,
        find: 'return written && lease.holder === splice.id',
        replace: 'return lease.holder === splice.id',
      },
    ],
  },
  {
    name: 'lease-emptied-before-the-end',
    why: 'the lease is empty while the record that should end is still under way',
    replacements: [
      {
        file: 'core/drive/drive.ts',
        find: 'const saved = await saveSplice(splice, advanced.splice, ports, options.policy, rawTransactionsIn(observation))',
        replace:
          'if (hasEnded(advanced.splice.state)) await releaseLease(leaseKeyOf(splice), splice.id, ports)\n  const saved = await saveSplice(splice, advanced.splice, ports, options.policy, rawTransactionsIn(observation))',
      },
    ],
  },
  {
    name: 'lease-never-given-back',
    why: 'an ended splice stays in its lease',
    replacements: [
      {
        file: 'core/drive/drive.ts',
        find: 'if (release) await releaseLease(leaseKeyOf(splice), splice.id, ports)',
        replace: '',
      },
    ],
  },
  {
    name: 'lease-line-blocked',
    why: 'an ended splice at the head of the line keeps those behind it waiting',
    replacements: [
      {
        file: LINE,
        find: 'await standingIn(await withoutGone(lease, id, ports), splice, ports)',
        replace: 'await standingIn(lease, splice, ports)',
      },
      {
        file: 'core/drive/drive.ts',
        find: 'if (release) await releaseLease(leaseKeyOf(splice), splice.id, ports)',
        replace:
          "if (release && (await ports.store.item('lease', leaseKeyOf(splice)))?.value.holder === splice.id) await releaseLease(leaseKeyOf(splice), splice.id, ports)",
      },
    ],
  },
  {
    name: 'duplicate-check-dropped',
    why: 'equal orders at one moment are both accepted',
    replacements: [{ file: QUEUE, find: 'if (duplicate !== undefined) return { duplicate }', replace: '' }],
  },
  {
    name: 'order-ignored',
    why: 'a splice goes before one that was accepted earlier and could go',
    replacements: [
      {
        file: QUEUE,
        find: 'if (!isFirst(left, id)) return null',
        replace: 'if (!isQueued(left, id)) return null',
      },
    ],
  },
  {
    name: 'passes-never-cleared',
    why: 'a splice that waited for fees never has its turn again while others come',
    replacements: [
      {
        file: QUEUE,
        find: 'return lease.queue.some((entry) => entry.id === id && entry.passes) ? setPasses(lease, id, false) : null',
        replace: 'return null',
      },
    ],
  },
  {
    name: 'due-index-left-before-publishing',
    why: 'an ended splice whose outcome is not told yet is never looked at again',
    replacements: [
      {
        file: 'core/splice/due.ts',
        find: 'if (splice.publishedThrough < splice.eventSerial || splice.leaseHeld) return stay',
        replace: '',
      },
      {
        file: 'core/splice/due.ts',
        find: 'splice.publishedThrough === splice.eventSerial && splice.watch === null && !splice.leaseHeld',
        replace: 'splice.watch === null',
      },
    ],
  },
  {
    name: 'outcome-told-twice',
    why: 'an event that was appended before a crash is appended again under a new id',
    replacements: [
      {
        file: PUBLISH,
        find: 'const id = eventIdOf(splice.id, n)',
        replace: 'const id = ports.chance.id()',
      },
    ],
  },
  {
    name: 'outcome-lost-in-a-crash',
    why: 'an event that a process saved, and died before it was appended, is never told',
    replacements: [
      {
        file: PUBLISH,
        find: 'const unpublished = splice.events.filter(({ n }) => n > splice.publishedThrough)',
        replace: 'const unpublished = splice.events.filter(({ n }) => n > loadedSerial)',
      },
      {
        file: PUBLISH,
        find: 'if (first === undefined) return splice',
        replace: 'if (first === undefined) return { ...splice, publishedThrough: splice.eventSerial }',
      },
    ],
  },
  {
    name: 'no-watch-after-the-end',
    why: 'a splice that ended is not looked at any more, although an attempt of it may have been taken',
    replacements: [
      {
        file: 'core/splice/timeline.ts',
        find: 'watch: wanted ? { from, untilHeight: null } : null',
        replace: 'watch: null',
      },
    ],
  },
  {
    name: 'no-freeze-after-an-anomaly',
    why: 'the channel of a splice that took effect twice goes on submitting',
    replacements: [
      {
        file: ENDING,
        find: "return { splice: emit(marked, 'splice.anomaly', now), actions: [freeze(message), alarm(message)] }",
        replace: "return { splice: emit(marked, 'splice.anomaly', now), actions: [alarm(message)] }",
      },
    ],
  },
  {
    name: 'no-freeze-after-a-correction',
    why: 'the channel of a splice that took effect after its end goes on submitting',
    replacements: [
      {
        file: ENDING,
        find: "return { splice: candidateSeen(corrected, 'pending', context).splice, actions: [freeze(message), alarm(message)] }",
        replace: "return { splice: candidateSeen(corrected, 'pending', context).splice, actions: [alarm(message)] }",
      },
    ],
  },
  {
    name: 'no-freeze-after-a-reorg',
    why: 'the channel of a settled splice that was reorganised out goes on submitting',
    replacements: [
      {
        file: ENDING,
        find: 'actions: wasSettled ? [freeze(REORGANISED), alarm(REORGANISED)] : [],',
        replace: 'actions: wasSettled ? [alarm(REORGANISED)] : [],',
      },
    ],
  },
  {
    name: 'freeze-ignored',
    why: 'a frozen channel goes on submitting',
    replacements: [
      { file: LINE, find: "if (lease.frozen !== null) return 'frozen'", replace: '' },
      { file: LINE, find: 'if (lease.frozen !== null) return null', replace: '' },
    ],
  },
  {
    name: 'freeze-never-lifted',
    why: 'a channel stays frozen after the reorg that froze it is over',
    replacements: [
      {
        file: LINE,
        find: 'if (item?.value.frozen?.cause !== cause || item.value.frozen.note !== id) return',
        replace: 'return',
      },
    ],
  },
]
