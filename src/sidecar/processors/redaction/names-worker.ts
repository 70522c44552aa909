import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Clock, Logger } from '../../component.ts'
import type { NamesAnswer, NamesRequest, NamesThreadData } from './names-messages.ts'

export interface NamesWorkerOptions extends NamesThreadData {
  /** Bytes of texts looked at a second, on average. */
  readonly bytesPerSecond: number
  /** Bytes of texts that wait or are looked at. */
  readonly waitingBytesMax: number
  /** How long a batch waits. */
  readonly timeoutMs: number
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  readonly logger: Pick<Logger, 'error'>
}

/** After a thread ended, none is started for so long. */
const RESTART_AFTER_MS = 1_000

interface Waiting {
  readonly bytes: number
  readonly settle: (found: Int32Array | undefined) => void
  readonly cancel: () => void
}

/**
 * A thread that looks for names, so that the event loop does not. Bounded in bytes, bytes a second and time: what is beyond is not looked at, and the
 * answer says so. The thread starts with the first text and does not keep the process alive.
 */
export class NamesWorker {
  readonly #options: NamesWorkerOptions
  /** In the order in which they were sent, which is that in which they are answered. */
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | undefined
  #lastId = 0
  #waitingBytes = 0
  #budget: number
  #budgetAtMs: number
  #restartAtMs = -Infinity

  constructor(options: NamesWorkerOptions) {
    this.#options = options
    this.#budget = options.bytesPerSecond
    this.#budgetAtMs = options.clock.monotonic()
  }

  /** Bytes that would be looked at now. */
  get room(): number {
    const { bytesPerSecond, waitingBytesMax, clock } = this.#options
    const nowMs = clock.monotonic()
    this.#budget = Math.min(bytesPerSecond, this.#budget + ((nowMs - this.#budgetAtMs) / 1000) * bytesPerSecond)
    this.#budgetAtMs = nowMs
    if (nowMs < this.#restartAtMs) return 0
    return Math.max(0, Math.min(this.#budget, waitingBytesMax - this.#waitingBytes))
  }

  /**
   * Findings in texts that stand one behind the other and end at `ends`, as FINDING_SIZE numbers each; undefined when they were not looked at in time. The
   * memory of the bytes is given away. Never rejects.
   */
  look(bytes: Uint8Array<ArrayBuffer>, ends: Int32Array): Promise<Int32Array | undefined> {
    const size = bytes.length
    if (size > this.room) return Promise.resolve(undefined)
    const thread = (this.#thread ??= this.#start())
    const id = ++this.#lastId
    this.#budget -= size
    this.#waitingBytes += size
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(this.#options.timeoutMs, () => this.#late(id))
      this.#waiting.set(id, { bytes: size, settle: resolve, cancel })
      thread.postMessage({ id, bytes, ends } satisfies NamesRequest, [bytes.buffer])
    })
  }

  /** Ends the thread; what waits is not looked at. Resolves when the thread is gone. */
  async stop(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    for (const id of this.#waiting.keys()) this.#settle(id, undefined)
    await thread?.terminate()
  }

  #start(): Worker {
    const { module, types, confidenceMin } = this.#options
    const workerData: NamesThreadData = { types, confidenceMin, ...(module === undefined ? {} : { module }) }
    // No environment: what looks at texts needs no credentials.
    const thread = new Worker(threadFile(), { workerData, execArgv: [], env: {} })
    thread.unref()
    thread.on('message', ({ id, found, problem }: NamesAnswer) => {
      if (problem !== undefined)
        this.#options.logger.error({ problem }, 'names could not be looked for; texts are masked')
      this.#settle(id, found)
    })
    thread.on('error', (error) => {
      this.#options.logger.error({ error: error.name }, 'the thread that looks for names failed; texts are masked')
    })
    thread.on('exit', () => this.#ended(thread))
    return thread
  }

  /** The oldest is what the thread is at: it hangs, or would answer too late for all that wait behind it. */
  #late(id: number): void {
    const [oldest] = this.#waiting.keys()
    if (id !== oldest) return this.#settle(id, undefined)
    this.#options.logger.error(
      { timeoutMs: this.#options.timeoutMs },
      'looking for names took too long; texts are masked',
    )
    const thread = this.#thread
    this.#ended(thread)
    void thread?.terminate()
  }

  #ended(thread: Worker | undefined): void {
    if (thread === undefined || this.#thread !== thread) return
    this.#restartAtMs = this.#options.clock.monotonic() + RESTART_AFTER_MS
    void this.stop()
  }

  #settle(id: number, found: Int32Array | undefined): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    this.#waitingBytes -= waiting.bytes
    waiting.cancel()
    waiting.settle(found)
  }
}

/** Beside this file when run from source, in the package's folder when bundled. */
function threadFile(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./names-thread.ts', import.meta.url)
  for (const place of ['./names-thread.js', '../names-thread.js']) {
    const file = new URL(place, import.meta.url)
    if (existsSync(file)) return file
  }
  throw new Error('names-thread.js is missing from the package')
}
