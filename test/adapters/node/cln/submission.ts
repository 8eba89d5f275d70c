import { clnNode } from '../../../../adapters/node/cln/node.ts'
import { permissionsOf } from '../../../../adapters/node/cln/permission.ts'
import type { SubmitRequest } from '../../../../core/ports/node.ts'
import type { CommandAnswer } from '../../../../core/ports/ports.ts'
import { CLN_ADDRESS, CLN_ANCHOR, CLN_CHANNEL, CLN_PEER, ScriptedCln } from '../../../../harness/nodes/scripted-cln.ts'

export const NOW = 1_700_000_000_000
export const clock = { now: () => NOW }
export const everything = permissionsOf(null)
export const call = () => ({ signal: new AbortController().signal })

export const aSplice = (kind: 'splice_in' | 'splice_out', more: Partial<SubmitRequest> = {}): SubmitRequest => ({
  attemptId: 'attempt-1',
  channelId: CLN_CHANNEL,
  userChannelId: null,
  peerId: CLN_PEER,
  submittedOn: CLN_ANCHOR,
  kind,
  amountSats: 50_000,
  address: kind === 'splice_out' ? CLN_ADDRESS : null,
  feeRateSatPerKw: null,
  signedAt: NOW,
  maxFeeRateSatPerKw: 5_000,
  maxFeeSats: 5_000,
  ...more,
})

export const out = (more: Partial<SubmitRequest> = {}) => aSplice('splice_out', more)
export const into = (more: Partial<SubmitRequest> = {}) => aSplice('splice_in', more)

export async function submit(
  cln: ScriptedCln,
  request: SubmitRequest,
  permissions = everything,
): Promise<CommandAnswer> {
  const node = clnNode(cln, { clock, network: 'regtest', permissions })
  return node.submit(request, call(), cln.journal)
}

export const methods = (cln: ScriptedCln): string[] => cln.asked.map(({ method }) => method)
export const params = (cln: ScriptedCln, method: string) => cln.asked.find((each) => each.method === method)?.params
