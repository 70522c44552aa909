import { whenAborted } from './when-aborted.ts'
import type { StreamObserver } from './stream.ts'

/**
 * Observes how a `ReadableStream` is read, in place: by `for await`, `values()`, a reader, `tee()`, `pipeTo()` or `pipeThrough()`. The
 * caller keeps its object. A stream that nobody ever reads or cancels tells nothing. An observer must not throw.
 *
 * The iterator, `tee` and the pipes of the platform take a reader of their own that cannot be replaced; they get a stream that reads
 * through ours (one chunk at a time, so nothing is read ahead of the caller). As before, the stream is locked from then on.
 * `signal` is the one that the caller can abort the request with.
 */
export function observeReadable(stream: ReadableStream<unknown>, observer: StreamObserver, signal?: AbortSignal): void {
  const watch = new Watch(observer, signal)
  const { getReader, cancel } = stream
  const takeReader = (...options: unknown[]): unknown => {
    const reader: unknown = Reflect.apply(getReader, stream, options)
    if (isDefaultReader(reader)) observeReader(reader, watch)
    return reader
  }
  const relay = (): ReadableStream<unknown> => relayOf(takeReader())
  /** The platform's own error for a stream that is locked already. */
  const through =
    (method: string) =>
    (...args: unknown[]): unknown => {
      const target = stream.locked === true ? stream : relay()
      return Reflect.apply(Reflect.get(ReadableStream.prototype, method), target, args)
    }
  const replaced: Record<string | symbol, unknown> = {
    getReader: takeReader,
    cancel: (reason: unknown) => {
      if (stream.locked !== true) watch.stopped()
      return Reflect.apply(cancel, stream, [reason])
    },
    [Symbol.asyncIterator]: through('values'),
  }
  for (const method of ['values', 'tee', 'pipeTo', 'pipeThrough']) replaced[method] = through(method)
  for (const key of Reflect.ownKeys(replaced)) {
    Object.defineProperty(stream, key, { configurable: true, writable: true, enumerable: false, value: replaced[key] })
  }
}

interface Step {
  readonly done: boolean
  readonly value?: unknown
}

interface DefaultReader {
  read(): Promise<Step>
  cancel(reason?: unknown): Promise<void>
  releaseLock(): void
}

const isDefaultReader = (reader: unknown): reader is DefaultReader => reader instanceof ReadableStreamDefaultReader

function observeReader(reader: DefaultReader, watch: Watch): void {
  const { read, cancel } = reader
  const replaced = {
    read: () => watch.step(() => read.call(reader)),
    cancel: (reason?: unknown) => {
      watch.stopped()
      return cancel.call(reader, reason)
    },
  }
  for (const [key, value] of Object.entries(replaced)) {
    Object.defineProperty(reader, key, { configurable: true, writable: true, enumerable: false, value })
  }
}

function relayOf(reader: unknown): ReadableStream<unknown> {
  if (!isDefaultReader(reader)) throw new TypeError('no reader')
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        controller.close()
        reader.releaseLock()
      },
      async cancel(reason) {
        await reader.cancel(reason)
        reader.releaseLock()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Tells one observer of all readers of a stream, the end once. */
class Watch {
  readonly #observer: StreamObserver
  readonly #signal: AbortSignal | undefined
  readonly #release: () => void
  #over = false
  #pending = 0

  constructor(observer: StreamObserver, signal: AbortSignal | undefined) {
    this.#observer = observer
    this.#signal = signal
    this.#release = whenAborted(signal, this)
  }

  /** A read that is under way tells itself how it ended. */
  aborted(): void {
    if (this.#pending === 0) this.stopped()
  }

  stopped(): void {
    this.#end(() => this.#observer.stopped())
  }

  async step(read: () => Promise<Step>): Promise<Step> {
    this.#pending += 1
    try {
      const result = await read()
      if (!result.done) this.#item(result.value)
      else if (this.#signal?.aborted === true) this.stopped()
      else this.#end(() => this.#observer.completed())
      return result
    } catch (error) {
      this.#end(() => this.#observer.failed(error))
      throw error
    } finally {
      this.#pending -= 1
    }
  }

  #item(value: unknown): void {
    if (!this.#over) this.#observer.item(value)
  }

  #end(tell: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    tell()
  }
}
