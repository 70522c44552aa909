import type { StopState } from '../../../../control/guard-messages.ts'
import type { Clock } from '../../../component.ts'
import { isSure } from '../stop-progress.ts'
import type { StopReport, Stops } from '../stops.ts'
import type { Bank, StopsHeard } from './bank.ts'
import type { BankView } from './bank-view.ts'

/** Behind a stop it is looked for so long whether processes have confirmed it, every so often; later with each renewal. */
const QUICK_MS = 60_000
const LOOK_MS = 100
/** Stops that a sidecar tells of: the newest. */
const STOPS_TOLD = 20
/** A sidecar that was not heard for longer, and has not said that it ends, is taken for gone. */
const GONE_MS = 86_400_000
/** One that was not heard for so long is told as silent. */
const SILENT_MS = 10_000

/** What the other sidecars of the fleet say of a stop. */
export interface FleetStop {
  /** Why they can't be asked. The stop holds here, and goes to them as soon as they can. */
  readonly away?: string
  /** It can be seen by the others. */
  readonly isPassedOn: boolean
  readonly sidecars: readonly SidecarStop[]
}

export interface SidecarStop {
  readonly node: string
  readonly name: string
  /** It has seen the stop, and all its processes have confirmed it or are gone. */
  readonly isConfirmed: boolean
  readonly processes: number
  readonly confirmed: number
  readonly why?: string
}

export type FleetReport = StopReport & { readonly fleet: FleetStop }

export interface FleetConfirmationsOptions {
  readonly node: string
  readonly bank: Bank
  readonly view: BankView
  readonly stops: Pick<Stops, 'reports'>
  readonly clock: Clock
  /** Version of the bank's stops that are in force here. */
  seen(): number
}

/** Each sidecar of a fleet says which stops it has seen and how many of its processes have confirmed them, so that whoever stops can be told of all. */
export class FleetConfirmations {
  readonly #options: FleetConfirmationsOptions
  #said = ''
  #isSaying = false
  #quickUntil = 0
  #cancelLook: (() => void) | undefined

  constructor(options: FleetConfirmationsOptions) {
    this.#options = options
  }

  /** A stop was ordered here, or has come from the fleet: it is confirmed soon. */
  begun(): void {
    const { clock } = this.#options
    this.#quickUntil = clock.monotonic() + QUICK_MS
    this.#cancelLook ??= this.#lookSoon()
  }

  end(): void {
    this.#cancelLook?.()
  }

  /** The bank is another one: all is to be said again. */
  forget(): void {
    this.#said = ''
  }

  /** Says what has changed. Never throws: what can't be said now is said with the next renewal. */
  async say(): Promise<void> {
    const { bank, view } = this.#options
    const known = view.known()
    if (known === undefined || this.#isSaying) return
    const said = JSON.stringify(this.#own(known.epoch))
    if (said === this.#said) return
    this.#isSaying = true
    try {
      await bank.sayStops(said)
      this.#said = said
    } catch {
      // Told by the link, which knows why.
    } finally {
      this.#isSaying = false
    }
  }

  /** With what the others say. A stop is confirmed when all sidecars have seen it, and all processes of all of them have confirmed it: at least one. */
  async of(reports: readonly StopReport[]): Promise<FleetReport[]> {
    if (reports.length === 0) return []
    const heard = await this.#hear(reports)
    return reports.map((report, i) => {
      const fleet = typeof heard === 'string' ? awayStop(heard) : this.#fleetStop(report, heard, heard.changes[i] ?? 0)
      const sure = report.isConfirmed || report.processes.length === 0
      const isAnybody = report.processes.length > 0 || fleet.sidecars.some(({ processes }) => processes > 0)
      const isFleetSure = fleet.isPassedOn && fleet.sidecars.every(({ isConfirmed }) => isConfirmed)
      return { ...report, isConfirmed: sure && isAnybody && isFleetSure, fleet }
    })
  }

  /** Or why not. */
  async #hear(reports: readonly StopReport[]): Promise<StopsHeard | string> {
    const { bank, view } = this.#options
    if (view.known() === undefined) return view.away ?? 'the bank of the fleet does not know this sidecar yet'
    try {
      return await bank.hearStops(reports, GONE_MS)
    } catch (error) {
      return error instanceof Error ? error.message : 'Redis failed'
    }
  }

  #fleetStop({ scope, value }: StopState, { epoch, sidecars }: StopsHeard, change: number): FleetStop {
    return {
      isPassedOn: change > 0,
      sidecars: sidecars
        .filter(({ node }) => node !== this.#options.node)
        .map(({ node, name, heardMsAgo, said }): SidecarStop => {
          const { e, v, stops } = parsed(said)
          const own = stops.find((one) => one[0] === scope && one[1] === value)
          const [, , processes = 0, confirmed = 0] = own ?? []
          const hasSeen = change > 0 && e === epoch && v >= change
          const why = !hasSeen ? notSeen(heardMsAgo) : own === undefined ? UNTOLD : notConfirmed(processes - confirmed)
          const isConfirmed = why === undefined
          return { node, name, isConfirmed, processes, confirmed, ...(why === undefined ? {} : { why }) }
        }),
    }
  }

  #own(epoch: string): Said {
    const { stops, seen } = this.#options
    const told = stops.reports().slice(-STOPS_TOLD)
    return {
      e: epoch,
      v: seen(),
      stops: told.map(({ scope, value, processes }) => [
        scope,
        value,
        processes.length,
        processes.filter(({ state }) => isSure(state)).length,
      ]),
    }
  }

  #lookSoon(): () => void {
    const { clock } = this.#options
    return clock.after(LOOK_MS, () => {
      void this.say()
      this.#cancelLook = clock.monotonic() < this.#quickUntil ? this.#lookSoon() : undefined
    })
  }
}

/** What a sidecar says: of which bank, its last stop that it has seen, and of each stop how many processes there are and how many have confirmed it. */
interface Said {
  readonly e: string
  readonly v: number
  readonly stops: readonly (readonly [string, string, number, number])[]
}

const NOTHING: Said = { e: '', v: 0, stops: [] }

/** Written by sidecars of this fleet. */
const parsed = (said: string): Said => (said === '' ? NOTHING : (JSON.parse(said) as Said))

const awayStop = (away: string): FleetStop => ({ away, isPassedOn: false, sidecars: [] })

const UNTOLD = `it tells of its ${STOPS_TOLD} newest stops only`

const notConfirmed = (missing: number): string | undefined =>
  missing === 0 ? undefined : `${missing} of its processes ${missing === 1 ? 'has' : 'have'} not confirmed it`

const notSeen = (heardMsAgo: number): string =>
  heardMsAgo < SILENT_MS
    ? 'it has not seen the stop yet'
    : `it was not heard for ${Math.round(heardMsAgo / 1000)} s, and has not seen the stop`
