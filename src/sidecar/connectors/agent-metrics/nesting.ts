import type { SpanReader } from '../../../otlp/span-reader.ts'
import {
  AGENT,
  AWAITED,
  COUNTED_EMBEDDINGS,
  COUNTED_INFERENCE,
  HOLDS_EMBEDDINGS,
  HOLDS_INFERENCE,
  LOCAL_ROOT,
  SEEN,
  SeenSpans,
  TOOL,
} from '../state/seen-spans.ts'

/** Waiting spans are few (inner agents, MCP calls); beyond this number the one that waits longest is decided at once. */
export const WAITING_SPANS_MAX = 10_000

/** Steps from a span to its ancestors that are looked at. */
const ANCESTORS_MAX = 128
const SPAN_KIND_SERVER = 2
const SPAN_KIND_CONSUMER = 5

/** `Pending` is what is counted if nothing is around it; plain data, as it may outlive the process. */
export interface Waiting<Pending> {
  /** An ancestor with this flag makes it nested. */
  readonly nestedIn: number
  readonly deadlineMs: number
  readonly pending: Pending
  readonly trace: number
  /** Of the ancestor that has not come. */
  high: number
  low: number
}

/**
 * Who is inside whom. Spans come one by one, children mostly before their parents, in batches of any size; answers do
 * not depend on how the batches were cut. Spans whose outer span is not here yet wait for it, for a bounded time.
 */
export class Nesting<Pending> {
  trace = 0
  #high = 0
  #low = 0
  #parentHigh = 0
  #parentLow = 0
  #flags = 0
  readonly #seen: SeenSpans
  readonly #onOutermost: (pending: Pending) => void
  readonly #waiting = new Map<string, Waiting<Pending>[]>()
  /** Oldest first. */
  readonly #queue = new Set<Waiting<Pending>>()

  /** `onOutermost` is called with what turned out to have nothing around it. */
  constructor(spansMax: number, onOutermost: (pending: Pending) => void) {
    this.#seen = new SeenSpans(spansMax)
    this.#onOutermost = onOutermost
  }

  /** What an earlier process has to go on with. */
  get state(): { readonly waiting: readonly Waiting<Pending>[]; readonly seen: Uint8Array } {
    return { waiting: [...this.#queue], seen: this.#seen.state }
  }

  restore(waiting: readonly Waiting<Pending>[], seen: Uint8Array): void {
    this.#seen.restore(seen)
    for (const one of waiting) this.#climb(one)
  }

  get waitingSpans(): number {
    return this.#queue.size
  }

  /** Takes up the span that was read last. False when it came before, or has no ids. */
  enter(reader: SpanReader): boolean {
    const { view } = reader
    if (reader.spanId < 0 || reader.traceId < 0) return false
    const spanAt = view.body(reader.spanId)
    const traceEnd = view.end(reader.traceId)
    if (view.end(reader.spanId) - spanAt !== 8 || traceEnd - view.body(reader.traceId) !== 16) return false
    const hasParent = reader.parentId >= 0 && view.end(reader.parentId) - view.body(reader.parentId) === 8
    const parentAt = hasParent ? view.body(reader.parentId) : -1
    this.trace = view.bytes.readInt32LE(traceEnd - 4)
    this.#high = view.bytes.readInt32LE(spanAt)
    this.#low = view.bytes.readInt32LE(spanAt + 4)
    this.#parentHigh = hasParent ? view.bytes.readInt32LE(parentAt) : 0
    this.#parentLow = hasParent ? view.bytes.readInt32LE(parentAt + 4) : 0
    const known = this.#seen.flags(this.trace, this.#high, this.#low)
    if ((known & SEEN) !== 0) return false
    this.#flags = known | SEEN
    const isServer = reader.kind === SPAN_KIND_SERVER || reader.kind === SPAN_KIND_CONSUMER
    if (!hasParent || reader.parentIsRemote || isServer) this.#flags |= LOCAL_ROOT
    return true
  }

  get isLocalRoot(): boolean {
    return (this.#flags & LOCAL_ROOT) !== 0
  }

  /** The current span is an agent, a tool, a counted call. */
  mark(flag: number): void {
    this.#flags |= flag
  }

  /** Whether a call of the same kind inside the current span, or around it, was counted: one call, told twice. */
  isCallTwice(counted: typeof COUNTED_INFERENCE | typeof COUNTED_EMBEDDINGS): boolean {
    const holds = counted === COUNTED_INFERENCE ? HOLDS_INFERENCE : HOLDS_EMBEDDINGS
    if ((this.#flags & holds) !== 0) return true
    if ((this.#flags & LOCAL_ROOT) !== 0) return false
    const seen = this.#seen
    let high = this.#parentHigh
    let low = this.#parentLow
    for (let step = 0; step < ANCESTORS_MAX; step += 1) {
      const flags = seen.flags(this.trace, high, low)
      if ((flags & counted) !== 0) return true
      if ((flags & SEEN) === 0 || (flags & (AGENT | TOOL | LOCAL_ROOT)) !== 0) return false
      if (!seen.findParent(this.trace, high, low)) return false
      high = seen.parentHigh
      low = seen.parentLow
    }
    return false
  }

  /** Keeps the current span, tells its parent what it holds and lets go those that waited for it. */
  leave(nowMs: number): void {
    const flags = this.#flags
    this.#seen.set(this.trace, this.#high, this.#low, this.#parentHigh, this.#parentLow, flags & ~AWAITED)
    if ((flags & (COUNTED_INFERENCE | COUNTED_EMBEDDINGS | HOLDS_INFERENCE | HOLDS_EMBEDDINGS)) !== 0)
      this.#tellParents(flags)
    if ((flags & AWAITED) !== 0) this.#wake(nowMs)
  }

  /** Finds out whether the current span lies in one with that flag, at the latest after `waitMs`. */
  decide(nestedIn: typeof AGENT | typeof TOOL, nowMs: number, waitMs: number, pending: Pending): void {
    if ((this.#flags & LOCAL_ROOT) !== 0) return this.#onOutermost(pending)
    const waiting = {
      nestedIn,
      deadlineMs: nowMs + waitMs,
      pending,
      trace: this.trace,
      high: this.#parentHigh,
      low: this.#parentLow,
    }
    this.#climb(waiting)
  }

  /** Decides what waited too long: what did not come does not count as around it. */
  expire(nowMs: number): void {
    for (const waiting of this.#queue) if (waiting.deadlineMs <= nowMs) this.#giveUp(waiting)
  }

  /** Decides all that still waits. */
  finish(): void {
    for (const waiting of this.#queue) this.#giveUp(waiting)
  }

  /** Goes from ancestor to ancestor until one decides, or is not here yet. */
  #climb(waiting: Waiting<Pending>): void {
    const seen = this.#seen
    for (let step = 0; step < ANCESTORS_MAX; step += 1) {
      const flags = seen.flags(waiting.trace, waiting.high, waiting.low)
      if ((flags & SEEN) === 0) return this.#await(waiting, flags)
      if ((flags & waiting.nestedIn) !== 0) return
      const isEnd = (flags & LOCAL_ROOT) !== 0 || (waiting.nestedIn === TOOL && (flags & AGENT) !== 0)
      if (isEnd || !seen.findParent(waiting.trace, waiting.high, waiting.low)) break
      waiting.high = seen.parentHigh
      waiting.low = seen.parentLow
    }
    this.#onOutermost(waiting.pending)
  }

  #await(waiting: Waiting<Pending>, flags: number): void {
    const { trace, high, low } = waiting
    this.#seen.set(trace, high, low, 0, 0, flags | AWAITED)
    const key = keyOf(trace, high, low)
    const others = this.#waiting.get(key)
    if (others === undefined) this.#waiting.set(key, [waiting])
    else others.push(waiting)
    this.#queue.add(waiting)
    if (this.#queue.size <= WAITING_SPANS_MAX) return
    for (const oldest of this.#queue) return this.#giveUp(oldest)
  }

  #wake(nowMs: number): void {
    const key = keyOf(this.trace, this.#high, this.#low)
    const woken = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    for (const waiting of woken) {
      this.#queue.delete(waiting)
      if (waiting.deadlineMs <= nowMs) this.#onOutermost(waiting.pending)
      else this.#climb(waiting)
    }
  }

  #giveUp(waiting: Waiting<Pending>): void {
    const key = keyOf(waiting.trace, waiting.high, waiting.low)
    const others = (this.#waiting.get(key) ?? []).filter((other) => other !== waiting)
    if (others.length === 0) this.#waiting.delete(key)
    else this.#waiting.set(key, others)
    this.#queue.delete(waiting)
    this.#onOutermost(waiting.pending)
  }

  #tellParents(flags: number): void {
    if ((flags & (AGENT | TOOL | LOCAL_ROOT)) !== 0) return
    const seen = this.#seen
    const inference = (flags & (COUNTED_INFERENCE | HOLDS_INFERENCE)) !== 0 ? HOLDS_INFERENCE : 0
    const embeddings = (flags & (COUNTED_EMBEDDINGS | HOLDS_EMBEDDINGS)) !== 0 ? HOLDS_EMBEDDINGS : 0
    const holds = inference | embeddings
    let high = this.#parentHigh
    let low = this.#parentLow
    for (let step = 0; step < ANCESTORS_MAX; step += 1) {
      const known = seen.flags(this.trace, high, low)
      if ((known & holds) === holds) return
      if ((known & SEEN) === 0) return seen.set(this.trace, high, low, 0, 0, known | holds)
      if ((known & (AGENT | TOOL | LOCAL_ROOT)) !== 0) return
      if (!seen.findParent(this.trace, high, low)) return
      high = seen.parentHigh
      low = seen.parentLow
    }
  }
}

const keyOf = (trace: number, high: number, low: number): string => `${trace} ${high} ${low}`
