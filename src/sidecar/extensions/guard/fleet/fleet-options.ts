import type { KillBook } from '../../../../ledger/kill-book.ts'
import type { Ledger } from '../../../../ledger/ledger.ts'
import type { ComponentContext } from '../../../component.ts'
import type { GuardSettings } from '../guard-settings.ts'
import type { Stops } from '../stops.ts'
import type { FleetConfig } from './fleet-config.ts'

export interface FleetOptions {
  readonly config: FleetConfig
  /** Name of the ledger: its epoch. */
  readonly node: string
  readonly ledger: Ledger
  readonly kill: KillBook
  readonly stops: Stops
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics' | 'random'>
  settings(): GuardSettings
  randomId(): string
  /** Who waits for a budget is to ask again. */
  wake(): void
}
