import { ADDRESS } from '../../harness/values.ts'
import { HOUR } from '../../harness/keeper/times.ts'
import type { Dice } from '../../harness/dice.ts'
import type { Profile, Theme } from './profile.ts'
import type { Order, Stage } from './stage.ts'

/** In these a ceiling would only end what the run is about. */
const UNCAPPED: readonly Theme[] = ['hidden', 'patient', 'story']

/** The deadline of an order, in hours from now, and how long it must not be submitted; null: at once. */
export type Timing = { readonly hours: number; readonly waitMs: number | null }

/** What a client orders next. No two splices of a run have the same amount, so that an amount names one. */
export function orderOf(stage: Stage, dice: Dice, wanted?: Timing): Order {
  const { profile, memory, world } = stage
  const serial = memory.wishedSats.size + 1
  const kind = isSpliceIn(profile, dice) ? 'splice_in' : 'splice_out'
  const isPatient = profile.theme === 'patient'
  const { hours, waitMs } = wanted ?? timingOf(isPatient, dice)
  const ceiling = UNCAPPED.includes(profile.theme) ? {} : ceilingOf(dice)
  const bumpsItself = kind === 'splice_out' && Object.keys(ceiling).length > 0 && dice.chance(0.6)
  const request = {
    channel: stage.channel(dice),
    kind,
    // Ten thousand apart: what a fee takes from it is less.
    amountSats: 40_000 + serial * 10_000,
    ...(kind === 'splice_in' ? {} : { address: ADDRESS }),
    ...(bumpsItself ? { autoBump: { afterBlocks: dice.pick([1, 2, 3]) } } : {}),
    ...(waitMs === null ? {} : { notBefore: timeOf(world.now() + waitMs) }),
    budget: {
      maxAttempts: isPatient ? 10 : dice.pick([1, 2, 3, 5]),
      deadline: timeOf(world.now() + Math.round(hours * HOUR)),
      ...ceiling,
    },
  } as const
  return { key: `order-${serial}`, request }
}

/** An order as a line of a trace. */
export function describeOrder({ request }: Order): string {
  const { kind, channel, amountSats, autoBump, budget } = request
  const { maxAttempts, maxFeeRateSatPerVb, maxFeeSats } = budget ?? {}
  const ceiling = `${maxFeeRateSatPerVb ?? '-'} sat/vB and ${maxFeeSats ?? '-'} sat`
  const where = `${channel?.slice(0, 6)}, at most ${maxAttempts} attempts and ${ceiling}`
  return `${kind} ${amountSats} on ${where}, bumped after ${autoBump?.afterBlocks ?? '-'} blocks`
}

function timingOf(isPatient: boolean, dice: Dice): Timing {
  const hours = isPatient ? 24 : dice.pick([0.3, 2, 2, 4])
  return { hours, waitMs: dice.chance(0.1) ? HOUR / 6 : null }
}

function isSpliceIn({ theme }: Profile, dice: Dice): boolean {
  if (theme === 'incoming') return true
  return theme !== 'patient' && theme !== 'fees' && dice.chance(theme === 'story' ? 0.05 : 0.15)
}

function ceilingOf(dice: Dice): { maxFeeRateSatPerVb?: number; maxFeeSats?: number } {
  const maxFeeRateSatPerVb = dice.pick([null, 6, 12, 18, 36])
  const maxFeeSats = dice.pick([null, null, null, 4_000, 1_600])
  return {
    ...(maxFeeRateSatPerVb === null ? {} : { maxFeeRateSatPerVb }),
    ...(maxFeeSats === null ? {} : { maxFeeSats }),
  }
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}
