import { OtlpView } from '../../../otlp/view.ts'
import { splitByTrace, traceIdOf, type TracePart } from '../../../otlp/split-by-trace.ts'
import { spanNodes } from '../../../otlp/span-reader.ts'
import { type ComponentContext, type Holder, type Next, type Payload, RefusedError } from '../../component.ts'
import { loadBatch, LOAD_RETRY_MS } from '../../queue/load-batch.ts'
import type { Awaited, QueueStorage, StoredBatch } from '../../queue/queue-storage.ts'
import type { DecisionCache } from './decision-cache.ts'
import { dueMs, type HeldTrace, newHeldTrace, noteSpans, type Waits } from './held-trace.ts'
import { decide, type Decision, type Policy } from './policies.ts'
import type { SamplingCounters } from './sampling-counters.ts'

export interface TraceHolderOptions {
  readonly policies: readonly Policy[]
  readonly waits: Waits
  readonly tracesMax: number
  readonly bytesMax: number
  /** 0 = no bound. */
  readonly traceBytesMax: number
  /** With `tracesMax` traces: refuse what comes, in place of deciding the oldest early. */
  readonly blocksOnOverflow: boolean
  readonly dropsPending: boolean
  readonly decisions: DecisionCache
  readonly counters: SamplingCounters
  readonly context: Pick<ComponentContext, 'clock' | 'logger'>
  /** Undefined while another process, or the holder before this one, has it. */
  openStorage(): QueueStorage | undefined
}

/** How often it is looked which traces are due. */
export const TICK_MS = 1_000
/** How often it is tried to open the storage. */
const OPEN_RETRY_MS = 50
const BUSY_RETRY_AFTER_MS = 1_000
/** Kept spans go on together, in about so many bytes. */
const REQUEST_BYTES = 1024 * 1024
/** By how much a batch may grow when it is split by trace; beyond, it is handed on undecided. */
const SPLIT_GROWTH_MAX = 4
const SPLIT_BYTES_MIN = 16 * 1024 * 1024

/**
 * Holds the spans of each trace until it is decided, in a storage that outlives the process: what a sender was told is kept stands there until the exporters of
 * the pipeline have it, or it is decided that nobody wants it. Late spans follow the decision.
 */
export class TraceHolder implements Holder {
  readonly #options: TraceHolderOptions
  readonly #next: Next
  readonly #traces = new Map<string, HeldTrace>()
  /** Whose batch it is that is being written. */
  readonly #writing = new Map<Awaited, TracePart>()
  #storage: QueueStorage | undefined
  #bytes = 0
  #isReady = false
  #isStopped = false
  #cancel: (() => void) | undefined
  #deciding: Promise<void> = Promise.resolve()
  #isMakingRoom = false

  constructor(options: TraceHolderOptions, next: Next) {
    this.#options = options
    this.#next = next
    void this.#open()
  }

  get traces(): number {
    return this.#traces.size
  }
  get bytes(): number {
    return this.#bytes
  }

  checkRoom({ bytes }: Payload): void {
    const { bytesMax, blocksOnOverflow, tracesMax } = this.#options
    if (!this.#isReady) throw busy('is not ready yet')
    const isFull = this.#bytes + bytes.length > bytesMax
    if (isFull) this.#makeRoom()
    const isCrowded = this.#traces.size >= tracesMax && (blocksOnOverflow || this.#isMakingRoom)
    if (isFull || isCrowded) throw busy('is full')
  }

  async deliver(payload: Payload): Promise<void> {
    this.checkRoom(payload)
    const view = new OtlpView('traces', payload.bytes)
    const parts = splitByTrace(view, Math.max(SPLIT_BYTES_MIN, payload.bytes.length * SPLIT_GROWTH_MAX))
    view.release()
    if (parts === undefined) {
      this.#options.counters.undivided.add(payload.items)
      return this.#next.forward(payload)
    }
    // The bytes of a batch with one trace are the batch's own, in memory that is used again when nobody retains it.
    const whole = parts.length === 1 ? payload : undefined
    const results = await Promise.allSettled(parts.map((part) => this.#take(part, whole ?? payloadOf(part))))
    for (const result of results) if (result.status === 'rejected') throw asRefused(result.reason)
  }

  /** Decides all that is held, with what has come of it. */
  async drain(): Promise<void> {
    this.#cancel?.()
    if (!this.#isReady) return
    const { dropsPending } = this.#options
    await this.#decideAll([...this.#traces.values()], dropsPending ? 'dropped' : undefined)
  }

  /** What is held stays in the storage. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#isReady = false
    this.#cancel?.()
    await this.#storage?.close()
    this.#storage = undefined
  }

  // The way in

  #take(part: TracePart, payload: Payload): Promise<void> {
    const { decisions, counters } = this.#options
    const decided = this.#traces.has(part.traceId) ? undefined : decisions.get(part.traceId)
    if (decided === undefined) return this.#hold(part, payload)
    counters.late(decided, part.items)
    return decided ? this.#next.forward(payload) : Promise.resolve()
  }

  async #hold(part: TracePart, payload: Payload): Promise<void> {
    const tag: Awaited = () => {}
    this.#writing.set(tag, part)
    this.#bytes += part.bytes.length
    try {
      await this.#storage?.put(payload, this.#options.context.clock.now(), tag)
    } catch (error) {
      this.#writing.delete(tag)
      this.#bytes -= part.bytes.length
      throw error
    }
    await Promise.all(this.#collect())
    if (this.#traces.size > this.#options.tracesMax) this.#makeRoom()
  }

  /** Gives the batches that are on disk to their traces. What was decided meanwhile is handed on, or done with. */
  #collect(): Promise<void>[] {
    const late: Promise<void>[] = []
    for (let batch = this.#storage?.take(); batch !== undefined; batch = this.#storage?.take()) {
      const part = batch.awaited === undefined ? undefined : this.#writing.get(batch.awaited)
      if (part === undefined || batch.awaited === undefined) continue
      this.#writing.delete(batch.awaited)
      const { decisions, counters } = this.#options
      const decided = this.#traces.has(part.traceId) ? undefined : decisions.get(part.traceId)
      if (decided === undefined) this.#add(part.traceId, part.bytes, batch)
      else {
        counters.late(decided, part.items)
        if (decided) late.push(this.#handOn([{ batch, payload: payloadOf(part) }]))
        else this.#done(batch)
      }
    }
    return late
  }

  #add(traceId: string, bytes: Buffer, batch: StoredBatch): void {
    const { traceBytesMax, counters } = this.#options
    const trace = this.#traces.get(traceId) ?? newHeldTrace(traceId, batch.storedMs)
    if (trace.batches.length === 0) {
      this.#traces.set(traceId, trace)
      counters.newTraces.add(1)
    }
    trace.spans += batch.items
    trace.bytes += batch.bytes
    trace.batches.push(batch)
    const view = new OtlpView('traces', bytes)
    noteSpans(trace, view, batch.storedMs)
    view.release()
    if (traceBytesMax > 0 && trace.bytes > traceBytesMax && !trace.isDeciding) {
      counters.tooLarge.add(1)
      void this.#decideAll([trace], 'dropped')
    }
  }

  // What an earlier process left

  async #open(): Promise<void> {
    const { clock, logger } = this.#options.context
    for (let attempt = 0; !this.#isStopped; attempt += 1) {
      this.#storage = this.#options.openStorage()
      if (this.#storage !== undefined) break
      if (attempt === 100)
        logger.warn({}, 'the folder of held traces is in use by another process: what comes is refused')
      await new Promise<void>((resolve) => {
        this.#cancel = clock.after(OPEN_RETRY_MS, resolve)
      })
    }
    await this.#recover()
    if (this.#isStopped) return
    this.#isReady = true
    this.#schedule()
  }

  async #recover(): Promise<void> {
    let left = this.#storage?.left.length ?? 0
    for (; left > 0 && !this.#isStopped; left -= 1) {
      const batch = this.#storage?.take()
      if (batch === undefined) return
      const payload = await this.#load(batch)
      if (payload === 'left') return
      const bytes = payload?.bytes
      const traceId = bytes === undefined ? undefined : firstTraceId(bytes)
      if (bytes === undefined || traceId === undefined) {
        batch.done()
        continue
      }
      this.#bytes += batch.bytes
      this.#add(traceId, bytes, batch)
    }
  }

  // The decision

  #schedule(): void {
    this.#cancel = this.#options.context.clock.after(TICK_MS, () => {
      const nowMs = this.#options.context.clock.now()
      const due = [...this.#traces.values()].filter((trace) => dueMs(trace, this.#options.waits) <= nowMs)
      void this.#decideAll(due)
      if (!this.#isStopped) this.#schedule()
    })
  }

  /** Decides the tenth that waits longest, with what has come of it. */
  #makeRoom(): void {
    if (this.#isMakingRoom) return
    const waiting = [...this.#traces.values()].filter(({ isDeciding }) => !isDeciding)
    const oldest = waiting.slice(0, Math.ceil(waiting.length / 10))
    this.#options.counters.early.add(oldest.length)
    this.#isMakingRoom = true
    void this.#decideAll(oldest).finally(() => {
      this.#isMakingRoom = false
    })
  }

  /** One trace after the other, so that no more is read from the disk than is handed on. Never rejects. */
  #decideAll(traces: readonly HeldTrace[], fixed?: Decision): Promise<void> {
    const open = traces.filter(({ isDeciding }) => !isDeciding)
    for (const trace of open) trace.isDeciding = true
    const before = this.#deciding
    this.#deciding = this.#decideAfter(before, open, fixed)
    return this.#deciding
  }

  async #decideAfter(before: Promise<void>, traces: readonly HeldTrace[], fixed?: Decision): Promise<void> {
    await before
    let kept: Loaded[] = []
    let bytes = 0
    for (const trace of traces) {
      if (this.#isStopped) return
      for (const one of await this.#decide(trace, fixed)) {
        kept.push(one)
        bytes += one.payload.bytes.length
      }
      if (bytes < REQUEST_BYTES) continue
      await this.#handOn(kept)
      kept = []
      bytes = 0
    }
    await this.#handOn(kept)
  }

  /** The batches of the trace that are to be handed on; those that are not are done with. */
  async #decide(trace: HeldTrace, fixed: Decision | undefined): Promise<Loaded[]> {
    const { decisions, counters } = this.#options
    const loaded: Loaded[] = []
    // Spans that come while others are read from the disk count as well.
    for (let at = 0; at < trace.batches.length; at += 1) {
      const batch = trace.batches[at]
      if (batch === undefined) continue
      const payload = await this.#load(batch)
      if (payload === 'left') return []
      if (payload === undefined) this.#done(batch)
      else loaded.push({ batch, payload })
    }
    const { decision, policy } = fixed === undefined ? this.#decisionOn(trace, loaded) : { decision: fixed, policy: '' }
    this.#traces.delete(trace.traceId)
    decisions.set(trace.traceId, decision === 'sampled')
    counters.decided(decision, policy, trace.spans)
    if (decision === 'sampled') return loaded
    for (const { batch } of loaded) this.#done(batch)
    return []
  }

  /** A fault of ours keeps the trace. */
  #decisionOn({ traceId, spans, bytes }: HeldTrace, loaded: readonly Loaded[]): { decision: Decision; policy: string } {
    const views: OtlpView[] = []
    try {
      for (const { payload } of loaded) views.push(new OtlpView('traces', payload.bytes))
      return decide(this.#options.policies, { traceId, views, spans, bytes })
    } catch (error) {
      this.#options.counters.errors.add(1)
      const { logger } = this.#options.context
      logger.error({ error: error instanceof Error ? error.name : typeof error }, 'a policy failed: the trace is kept')
      return { decision: 'sampled', policy: '' }
    } finally {
      for (const view of views) view.release()
    }
  }

  /** Resolves when the exporters have it. Until then it stays in the storage. */
  async #handOn(kept: readonly Loaded[]): Promise<void> {
    if (kept.length === 0) return
    const bytes = Buffer.concat(kept.map(({ payload }) => payload.bytes))
    await this.#next.forward(payloadOf({ bytes, items: kept.reduce((sum, { batch }) => sum + batch.items, 0) }))
    for (const { batch } of kept) this.#done(batch)
  }

  #load(batch: StoredBatch): Promise<Payload | undefined | 'left'> {
    return loadBatch(batch, async () => {
      if (!this.#isStopped)
        await new Promise<void>((resolve) => void this.#options.context.clock.after(LOAD_RETRY_MS, resolve))
      return !this.#isStopped
    })
  }

  #done(batch: StoredBatch): void {
    this.#bytes -= batch.bytes
    batch.done()
  }
}

interface Loaded {
  readonly batch: StoredBatch
  readonly payload: Payload
}

const busy = (state: string): RefusedError =>
  new RefusedError('busy', `tail_sampling ${state}`, { retryAfterMs: BUSY_RETRY_AFTER_MS })

const asRefused = (error: unknown): RefusedError =>
  error instanceof RefusedError
    ? error
    : new RefusedError('busy', 'tail_sampling could not write to its folder', {
        retryAfterMs: BUSY_RETRY_AFTER_MS,
        cause: error,
      })

/** In memory of its own. */
function payloadOf({ bytes, items }: Pick<TracePart, 'bytes' | 'items'>): Payload {
  const payload: Payload = { signal: 'traces', bytes, items, retain: () => payload, release: () => undefined }
  return payload
}

function firstTraceId(bytes: Buffer): string | undefined {
  try {
    const view = new OtlpView('traces', bytes)
    try {
      for (const span of spanNodes(view)) return traceIdOf(view, span)
    } finally {
      view.release()
    }
  } catch {
    // Its checksum is right, but it is no batch of this version.
  }
  return undefined
}
