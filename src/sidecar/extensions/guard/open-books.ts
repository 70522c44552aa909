import { join } from 'node:path'
import { ApprovalBook } from '../../../ledger/approval-book.ts'
import { AuditMark } from '../../../ledger/audit-mark.ts'
import { KillBook } from '../../../ledger/kill-book.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import { PastRuns } from '../../../ledger/past-runs.ts'
import { RateBook } from '../../../ledger/rate-book.ts'
import type { ComponentContext } from '../../component.ts'
import { Approvals } from './approvals.ts'
import { openAuditTrail } from './audit-trail.ts'
import type { AuditTrail } from './audit-trail.ts'
import { Fleet } from './fleet/fleet.ts'
import { GuardDesk } from './guard-desk.ts'
import type { GuardDeskOptions } from './guard-desk.ts'
import type { GuardSettings } from './guard-settings.ts'
import { readJournal } from './state-files.ts'
import { Stops } from './stops.ts'
import { UnwrittenStops } from './unwritten-stops.ts'

/** In the state folder, while there are any. */
const UNWRITTEN_STOPS_FILE = 'stops.json'

/** What the sidecar keeps of limits, once its ledger is open. */
export interface Books {
  readonly ledger: Ledger
  readonly rates: RateBook
  readonly stops: Stops
  readonly past: PastRuns
  readonly desk: GuardDesk
  readonly audit: AuditTrail
  readonly approvals: Approvals
  readonly fleet: Fleet | undefined
}

export interface OpenBooksOptions extends Pick<
  GuardDeskOptions,
  'processes' | 'problem' | 'expired' | 'overBound' | 'exhausted'
> {
  readonly context: ComponentContext
  /** Of the ledger. */
  readonly epoch: string
  /** As they are now. */
  settings(): GuardSettings | undefined
  randomId(): string
}

/** Everything that stands in the ledger's file or beside it, and the desk that answers from it. */
export function openBooks(ledger: Ledger, settings: GuardSettings, options: OpenBooksOptions): Books {
  const { context, processes, randomId } = options
  const rates = new RateBook(ledger)
  const kill = new KillBook(ledger)
  const unwritten = new UnwrittenStops(join(context.stateFolder, UNWRITTEN_STOPS_FILE), () => context.clock.now())
  const stops = new Stops(kill, { processes, clock: context.clock, unwritten, randomId })
  const audit = openAuditTrail(settings.rules.auditClasses, context, new AuditMark(ledger))
  const journals = (process: string): ReturnType<typeof readJournal> => readJournal(context.stateFolder, process)
  const approvals = new Approvals({
    book: new ApprovalBook(ledger),
    audit,
    processes,
    context,
    settings,
    again: (peer, message) => desk.take(peer, message),
    isStopped: ({ scopes, tool }) => stops.of(scopes, { tool }) !== undefined,
  })
  const fleet =
    settings.fleet === undefined
      ? undefined
      : new Fleet({
          config: settings.fleet,
          node: options.epoch,
          ledger,
          kill,
          stops,
          context,
          settings: () => options.settings() ?? settings,
          randomId,
          wake: () => desk.wake(),
        })
  const books = { ledger, rates, stops, audit, approvals, fleet }
  const desk: GuardDesk = new GuardDesk({ ...options, ...books, settings, journals })
  return { ...books, past: new PastRuns(ledger), desk }
}
