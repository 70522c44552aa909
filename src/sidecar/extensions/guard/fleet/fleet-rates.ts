import { startOf } from '../../../../ledger/fleet/fleet-account.ts'
import { RatesTaken } from '../../../../ledger/fleet/rates-taken.ts'
import type { Ledger } from '../../../../ledger/ledger.ts'
import { windowAt } from '../../../../ledger/windows.ts'
import { gcraRate } from '../../../../limits/rates/gcra.ts'
import { SLIDING_LOG_MAX } from '../../../../limits/rates/rate-limit.ts'
import type { RateLimit, RateRef } from '../../../../limits/rates/rate-limit.ts'
import type { Clock } from '../../../component.ts'
import { rateMessage } from '../denial-message.ts'
import type { Decision } from '../decisions.ts'
import type { AdmitRequest, Bank, RateAsked, RateTaken } from './bank.ts'
import type { BankView } from './bank-view.ts'
import { isShared } from './fleet-config.ts'
import type { FleetConfig } from './fleet-config.ts'

/** An id of a call is known at least so long: it may be asked for again. */
const CALL_KEPT_MS = 3_600_000
/** Calls that could be given back; the oldest is forgotten, and counts. */
const CALLS_MAX = 20_000
/** The day ended while the bank was asked, or it did not know us. */
const TRIES_MAX = 3

export interface FleetRatesOptions {
  readonly config: FleetConfig
  readonly ledger: Ledger
  readonly bank: Bank
  readonly view: BankView
  readonly clock: Clock
  limits(): readonly RateLimit[]
  /** Resolves when the bank knows us again, or not. */
  renewed(): Promise<void>
}

/** Limits of calls that the whole fleet has together: the bank admits, then the book of this sidecar, which so knows its own part of them. */
export class FleetRates {
  readonly #options: FleetRatesOptions
  readonly #taken: RatesTaken
  readonly #admitted = new Map<string, AdmitRequest>()

  constructor(options: FleetRatesOptions) {
    this.#options = options
    this.#taken = new RatesTaken(options.ledger.database)
  }

  /** Those that the bank has to be asked about. Quiet hours and calls under way are each sidecar's own. */
  shared(refs: readonly RateRef[]): RateRef[] {
    const { config } = this.#options
    return refs.filter(
      ({ scope, rule }) => isShared(config, scope) && rule.kind !== 'quiet' && rule.kind !== 'concurrent',
    )
  }

  /** Undefined: admitted. */
  async admit(id: string, tool: string, refs: readonly RateRef[]): Promise<Decision | undefined> {
    const { view, bank } = this.#options
    const { registrations } = view
    const denied = await this.#admit(id, tool, refs)
    const [known, now] = [view.known(), view.now()]
    // A bank that was lost meanwhile was told of it, with all that this sidecar's book had let in.
    if (denied !== undefined && registrations !== view.registrations && known !== undefined && now !== undefined)
      bank.giveBack(known, requestOf(id, refs, now)).catch(() => {})
    return denied
  }

  async #admit(id: string, tool: string, refs: readonly RateRef[]): Promise<Decision | undefined> {
    const { view, bank, renewed } = this.#options
    for (let i = 0; i < TRIES_MAX; i++) {
      if (view.known() === undefined && view.away === undefined) await renewed()
      const [known, now] = [view.known(), view.now()]
      if (known === undefined || now === undefined) return unavailable(refs, tool, view.away)
      const request = requestOf(id, refs, now)
      try {
        const admitted = await bank.admit(known, request)
        switch (admitted.code) {
          case 'OK':
            this.#remember(request)
            return undefined
          case 'FULL': {
            const [ref, { retryAfterMs }] = [refs[admitted.index], admitted]
            const message = `${rateMessage('RATE_LIMITED', tool, ref, retryAfterMs)}, in the whole fleet`
            return { isGranted: false, code: 'RATE_LIMITED', message, retryAfterMs, ...ruleOf(ref) }
          }
          case 'CLOSED':
            return {
              isGranted: false,
              code: 'RECOVERING',
              message: closedText(tool, view.closedFor(0)),
              ...ruleOf(refs[admitted.index]),
            }
          case 'TAKEN':
            view.taken()
            return unavailable(refs, tool, view.away)
          case 'LOST':
            view.lost()
            await renewed()
            break
          case 'WINDOW':
            await renewed()
        }
      } catch {
        return unavailable(refs, tool, view.away ?? 'Redis did not answer')
      }
    }
    return unavailable(refs, tool, view.away ?? 'the bank of the fleet changes')
  }

  /** The call was not made. */
  giveBack(id: string): void {
    const request = this.#admitted.get(id)
    const known = this.#options.view.known()
    this.#admitted.delete(id)
    // What can't be given back counts.
    if (request !== undefined && known !== undefined) this.#options.bank.giveBack(known, request).catch(() => {})
  }

  /** The call was made. */
  ended(id: string): void {
    this.#admitted.delete(id)
  }

  /** For a bank that does not know it. `bankNow`: time of the bank. */
  registered(): { readonly keys: string[]; readonly rates: RateTaken[] } {
    const { clock } = this.#options
    const [keys, rates, now]: [string[], RateTaken[], number] = [[], [], clock.now()]
    const add = (key: string, rate: RateTaken): void => {
      keys.push(key)
      rates.push(rate)
    }
    for (const key of this.#taken.keys()) {
      const rule = this.#ruleOf(key)
      if (rule?.kind !== 'window') continue
      const calls = this.#taken.calls(key, now - rule.windowMs, SLIDING_LOG_MAX)
      add(key, {
        kind: 'log',
        window: rule.windowMs,
        calls: calls.map(({ id, at }) => [id, Math.max(0, now - at)] as const),
      })
    }
    for (const { key, window, value, endsAt } of this.#taken.counts(now)) {
      const rule = this.#ruleOf(key)
      if (rule?.kind === 'day' && window !== '') add(key, { kind: 'day', count: value, ends: endsAt })
      if (rule?.kind === 'window' && window === '') add(key, { kind: 'gcra', ahead: Math.max(0, value - now * 1000) })
    }
    return { keys: keys.map((key, i) => bankKey(key, rates[i], this.#ruleOf(key), now)), rates }
  }

  /** By the key of a limit that is shared. */
  #ruleOf(key: string): RateRef['rule'] | undefined {
    const name = decodeURIComponent(key.split('/')[0] ?? '')
    const limit = this.#options.limits().find((one) => one.name === name)
    return limit !== undefined && isShared(this.#options.config, limit.scope) ? limit.rule : undefined
  }

  #remember(request: AdmitRequest): void {
    const [oldest] = this.#admitted.keys()
    if (this.#admitted.size >= CALLS_MAX && oldest !== undefined) this.#admitted.delete(oldest)
    this.#admitted.set(request.id, request)
  }
}

const closedText = (tool: string, because: string | undefined): string =>
  `calls of ${tool} are limited in the whole fleet, and how many there were is not known: ${because ?? 'Redis has lost it, and sidecars that have left can not say. Calls are allowed again when the window has ended'}`

const ruleOf = (ref: RateRef | undefined): { rule?: string } => (ref === undefined ? {} : { rule: ref.name })

function requestOf(id: string, refs: readonly RateRef[], now: number): AdmitRequest {
  const asked = refs.map((ref) => askedOf(ref, now))
  const longest = Math.max(CALL_KEPT_MS, ...asked.map((one) => (one.kind === 'day' ? one.ends - now : one.window)))
  return {
    id,
    keep: Math.min(longest + 60_000, 35 * 86_400_000),
    keys: refs.map((ref, i) => bankKey(ref.key, asked[i], ref.rule, now)),
    refs: asked,
  }
}

/** A day has a key of its own; so has each kind of counting, as a limit may change. */
function bankKey(key: string, { kind } = { kind: '' }, rule: RateRef['rule'] | undefined, now: number): string {
  return kind === 'day' && rule?.kind === 'day'
    ? `day:${key}:${windowAt('day', now, rule.timeZone).id}`
    : `${kind}:${key}`
}

function askedOf({ rule }: RateRef, now: number): RateAsked {
  if (rule.kind === 'day') {
    const { id, endsAt } = windowAt('day', now, rule.timeZone)
    return { kind: 'day', limit: rule.limit, starts: startOf({ window: id, endsAt }, rule.timeZone), ends: endsAt }
  }
  if (rule.kind !== 'window') throw new RangeError(`a limit of the kind ${rule.kind} is not the fleet's`)
  if (rule.limit <= SLIDING_LOG_MAX) return { kind: 'log', limit: rule.limit, window: rule.windowMs }
  const { intervalMicros, burst } = gcraRate(rule.limit, rule.windowMs)
  return { kind: 'gcra', interval: intervalMicros, burst, window: rule.windowMs }
}

const unavailable = (
  refs: readonly RateRef[],
  tool: string,
  why = 'the bank of the fleet does not know this sidecar yet',
): Decision => ({
  isGranted: false,
  code: 'GUARD_UNAVAILABLE',
  message: `${tool} is limited in the whole fleet, and nobody can be asked: ${why}. It goes on by itself when Redis is back`,
  ...ruleOf(refs[0]),
})
