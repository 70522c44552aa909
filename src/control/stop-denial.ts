import { loopRuleIn } from '../limits/loops/loop-reason.ts'
import type { StopState } from './guard-messages.ts'

/** What a stop says to the calls in its way, in the agent and from the sidecar. */
export function stopDenial({ scope, value, reason }: StopState): {
  readonly code: 'STOPPED' | 'LOOP_STOPPED'
  readonly rule: string
  readonly message: string
} {
  const loop = scope === 'run' ? loopRuleIn(reason) : undefined
  const [what, order] =
    scope === 'fleet' ? ['everything', 'fleet --confirm'] : [`${scope} ${value}`, `${scope}=${value}`]
  return {
    code: loop === undefined ? 'STOPPED' : 'LOOP_STOPPED',
    rule: loop ?? (scope === 'fleet' ? scope : `${scope}:${value}`),
    message: `${what} is stopped (${reason}). A person lets it go on: spanwarden resume ${order} --person <who> --reason <why>`,
  }
}
