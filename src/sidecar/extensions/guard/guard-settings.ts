import type { GuardMode, GuardRules, ToolClass } from '../../../control/guard-messages.ts'
import type { RateLimit } from '../../../limits/rates/rate-limit.ts'
import type { VelocityRules } from '../../../limits/velocity.ts'
import type { FleetConfig } from './fleet/fleet-config.ts'
import type { Budget } from '../../../ledger/budget.ts'
import type { Supervised } from './supervised-config.ts'
import type { StopOn } from './stop-on-config.ts'
import type { SignalTimes } from './stop-progress.ts'

/** What the configuration comes to, durations in milliseconds. */
export interface GuardSettings {
  readonly mode: GuardMode
  readonly budgets: readonly Budget[]
  readonly rates: readonly RateLimit[]
  readonly tools: Readonly<Record<string, ToolClass>>
  /** How calls are taken back by hand, by tool. */
  readonly recipes: Readonly<Record<string, string>>
  readonly rules: GuardRules
  /** Undefined: no call waits for a person. */
  readonly supervised: Supervised | undefined
  readonly leaseMs: number
  /** A call waits for open holds to settle at most so long. */
  readonly waitMsMax: number
  /** For the processes of a stop to confirm it. */
  readonly stopWaitMs: number
  /** Processes that do not confirm a person's stop are ended; undefined: they are not. */
  readonly signals: SignalTimes | undefined
  readonly stopOn: StopOn
  /** Loop stops of one agent within an hour that stop the agent; 0: never. */
  readonly loopStopsMax: number
  readonly processesMax: number
  /** Undefined: this sidecar is by itself. */
  readonly fleet?: FleetConfig
  /** How much a run may do; undefined: that is not looked at. */
  readonly velocity: VelocityRules | undefined
}
