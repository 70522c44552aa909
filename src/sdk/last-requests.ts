import { sendBeforeExit } from './last-send.ts'
import type { LastRequest } from './last-send.ts'
import { errorType } from './notices.ts'
import type { Notices } from './notices.ts'
import type { OtlpRequest, OtlpSender, Signal } from './sender.ts'
import { Spool, spoolReader } from './spool.ts'
import type { SpoolReader } from '../control/spool-format.ts'

/** One signal's way out, which may hold something at the end of the process. */
export interface Holder {
  /** Hands over what has not been acknowledged, and forgets it. */
  takeUnsent(): readonly OtlpRequest[]
  /** Counts and tells what is lost. */
  giveUp(items: number, reason: string): void
}

export interface LastRequestsOptions {
  readonly sender: OtlpSender
  readonly notices: Notices
  /** Undefined: nothing is left in a spool. */
  readonly spoolFolder: string | undefined
}

/**
 * Where the last requests of a process go. `spool`: a sidecar of this host reads them from there, also one that is away or hangs now, so that the
 * process waits for nobody. `flush`: the same, but nothing is known of the receiver, so a natural end tries it first. `send`: the receiver is
 * elsewhere, or reads no spool of ours: the process waits for its answer, for a bounded time.
 */
export type LastWay = 'spool' | 'flush' | 'send'

/** The longest that a natural end waits for the receiver, in ms. What is not taken then goes to the spool, or is sent once more (`send`). */
const flushMsMax: Readonly<Record<LastWay, number>> = { spool: 0, flush: 30, send: 1_000 }

/** The longest that any end waits for a receiver that reads no spool. */
const lastSendMsMax = 1_000

export interface ReceiverFacts {
  readonly url: string
  /** What the receiver's last answer said: `OtlpSender.spoolId`. */
  readonly spoolId: string | undefined
  /** What stands in the spool. */
  readonly reader: SpoolReader | undefined
}

export function lastWay({ url, spoolId, reader }: ReceiverFacts): LastWay {
  if (!isLoopback(url)) return 'send'
  if (spoolId === undefined) return reader?.isRunning === true ? 'spool' : 'flush'
  return spoolId !== '' && spoolId === reader?.id ? 'spool' : 'send'
}

/** Without a look-up of the name: this is asked at the very end. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Brings home what is left when the process ends. */
export class LastRequests {
  readonly #options: LastRequestsOptions

  constructor(options: LastRequestsOptions) {
    this.#options = options
  }

  /** How long a natural end may wait for receivers before `bringHome`; 0: not at all. */
  flushMsMax(): number {
    const ways = this.#ways()
    return Math.max(
      0,
      ...signals.filter((signal) => this.#options.sender.has(signal)).map((signal) => flushMsMax[ways(signal)]),
    )
  }

  /** `unreachable`: receivers have just had their time and did not take everything. */
  bringHome(holders: readonly Holder[], unreachable: boolean): void {
    const left = this.#leftBy(holders)
    if (left.length === 0) return
    const ways = this.#ways()
    const spooled = this.#spool(left.filter(({ request }) => ways(request.signal) !== 'send'))
    const others = left.filter((each) => !spooled.has(each))
    const acknowledged = unreachable ? 0 : sendBeforeExit(others, lastSendMsMax)
    for (const { holder, request } of others.slice(acknowledged))
      holder.giveUp(request.items, 'the process ended before they could be sent')
  }

  #leftBy(holders: readonly Holder[]): Left[] {
    return holders.flatMap((holder) =>
      holder.takeUnsent().flatMap((request) => {
        const endpoint = this.#options.sender.endpoint(request.signal)
        return endpoint === undefined ? [] : [{ holder, endpoint, request }]
      }),
    )
  }

  #ways(): (signal: Signal) => LastWay {
    const { sender, spoolFolder } = this.#options
    const reader = spoolFolder === undefined ? undefined : spoolReader(spoolFolder)
    return (signal) => {
      const url = sender.endpoint(signal)?.url
      if (spoolFolder === undefined || url === undefined) return 'send'
      return lastWay({ url, spoolId: sender.spoolId(signal), reader })
    }
  }

  /** Returns those that are settled: written, or given up since the spool is full. The others found a spool that cannot be used. */
  #spool(left: readonly Left[]): ReadonlySet<Left> {
    const { notices, spoolFolder } = this.#options
    const settled = new Set<Left>()
    if (spoolFolder === undefined || left.length === 0) return settled
    try {
      const spool = new Spool(spoolFolder)
      let items = 0
      for (const each of left) {
        const { endpoint, holder, request } = each
        const encoding = endpoint.protocol === 'http/json' ? 'json' : 'protobuf'
        if (spool.write({ id: request.id, signal: request.signal, encoding }, request.body)) items += request.items
        else holder.giveUp(request.items, 'the spool is full')
        settled.add(each)
      }
      if (items > 0 && spoolReader(spoolFolder)?.isRunning !== true)
        notices.warn('spooled', `what could not be sent waits in ${spoolFolder} until a sidecar reads it there`)
    } catch (error) {
      notices.warn('spool', `the spool cannot be used (${errorType(error)})`)
    }
    return settled
  }
}

interface Left extends LastRequest {
  readonly holder: Holder
}

const signals = ['traces', 'metrics', 'logs'] as const
