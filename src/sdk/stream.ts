import { whenAborted } from './when-aborted.ts'

/** What is told about the one reading of a stream. Exactly one of `completed`, `stopped`, `failed` is called, and it is called once. */
export interface StreamObserver {
  item(value: unknown): void
  /** What the reader gets for an item that we had a part in: the item, one without what he did not ask for, or `HIDDEN`: nothing. */
  shown?(value: unknown): unknown
  /** The error that the reader gets whatever the library makes of the end: some end a stream that was aborted without a word. */
  refused?(): Error | undefined
  /** The stream gave its last item. */
  completed(): void
  /** The reader broke off, or the request was aborted: not an error to the reader. */
  stopped(): void
  failed(error: unknown): void
}

export const HIDDEN = Symbol('hidden')

/** The streams of the openai and @anthropic-ai/sdk clients: `iterator` is the one source of every way to read them. */
export interface ClientStream {
  iterator: () => AsyncIterator<unknown>
  readonly controller?: { readonly signal?: AbortSignal }
}

export const isClientStream = (value: unknown): value is ClientStream =>
  typeof value === 'object' &&
  value !== null &&
  Symbol.asyncIterator in value &&
  'iterator' in value &&
  typeof value.iterator === 'function'

/**
 * Observes how a stream is read, in place: the caller keeps its object, and `for await`, `tee()`, `toReadableStream()` and the
 * helpers all read through the replaced source. Only the first reading is observed; a second one is the library's error to throw.
 * An observer must not throw. A stream that nobody ever reads or aborts tells nothing.
 */
export function observeStream(stream: ClientStream, observer: StreamObserver): void {
  const source = stream.iterator
  const reading = new Reading(observer, stream.controller?.signal)
  stream.iterator = function iterator(this: unknown) {
    return reading.observe(source.call(this))
  }
}

/**
 * The same for an object that is read by its `[Symbol.asyncIterator]`, or that is its own iterator (a generator). `signal` is the one that
 * the caller can abort the request with, where the library ends an aborted stream without an error.
 */
export function observeIterable(
  iterable: AsyncIterable<unknown>,
  observer: StreamObserver,
  signal?: AbortSignal,
): void {
  const source = iterable[Symbol.asyncIterator]
  const reading = new Reading(observer, signal)
  if (isIterator(iterable)) return observeIterator(iterable, reading)
  Object.defineProperty(iterable, Symbol.asyncIterator, {
    configurable: true,
    writable: true,
    enumerable: false,
    value: function (this: AsyncIterable<unknown>): AsyncIterator<unknown> {
      return reading.observe(source.call(this))
    },
  })
}

const isIterator = (value: object): value is AsyncIterator<unknown> =>
  'next' in value && typeof value.next === 'function'

function observeIterator(iterator: AsyncIterator<unknown>, reading: Reading): void {
  const source: AsyncIterator<unknown> = { next: iterator.next.bind(iterator) }
  if (iterator.return !== undefined) source.return = iterator.return.bind(iterator)
  if (iterator.throw !== undefined) source.throw = iterator.throw.bind(iterator)
  const observed = reading.observe(source)
  for (const method of ['next', 'return', 'throw'] as const) {
    const value = observed[method]
    if (value !== undefined)
      Object.defineProperty(iterator, method, { value, configurable: true, writable: true, enumerable: false })
  }
}

class Reading {
  readonly #observer: StreamObserver
  readonly #signal: AbortSignal | undefined
  readonly #release: () => void
  #started = false
  #over = false
  #pending = 0

  constructor(observer: StreamObserver, signal: AbortSignal | undefined) {
    this.#observer = observer
    this.#signal = signal
    this.#release = whenAborted(signal, this)
  }

  /** The library aborts its own request when a read fails or is closed: the pending read then tells how it ended. */
  aborted(): void {
    if (this.#pending === 0) this.#end(() => this.#observer.stopped())
  }

  observe(source: AsyncIterator<unknown>): AsyncIterator<unknown> {
    if (this.#started) return source
    this.#started = true
    // The generator itself is the prototype, so that what else it offers (asyncIterator, asyncDispose) stays.
    const observed: AsyncIterator<unknown> = Object.create(source)
    observed.next = this.#reader(source)
    const { return: close, throw: raise } = source
    if (close !== undefined) observed.return = (value) => this.#close(() => close.call(source, value))
    if (raise !== undefined) observed.throw = (error) => this.#close(() => raise.call(source, error))
    return observed
  }

  /** By `then`, since a stream has many items and each asynchronous function around one costs as much as all the rest of it. */
  #reader(source: AsyncIterator<unknown>): (...args: [] | [unknown]) => Promise<Item> {
    const failed = (error: unknown): never => {
      this.#end(() => this.#observer.failed(error))
      this.#pending -= 1
      throw this.#observer.refused?.() ?? error
    }
    const arrived = (result: Item): Item | Promise<Item> => {
      let shown: Item | undefined
      try {
        shown = this.#shown(result)
      } catch (error) {
        return failed(error)
      }
      // Items that are hidden are read over, as if they had not been sent.
      if (shown === undefined) return begin(source, []).then(arrived, failed)
      this.#pending -= 1
      return shown
    }
    return (...args) => {
      this.#pending += 1
      return begin(source, args).then(arrived, failed)
    }
  }

  #shown(result: Item): Item | undefined {
    if (result.done === true) {
      const refused = this.#observer.refused?.()
      if (refused !== undefined) throw refused
      this.#finished(false)
      return result
    }
    if (!this.#over) this.#observer.item(result.value)
    if (this.#observer.shown === undefined) return result
    const value = this.#observer.shown(result.value)
    if (value === HIDDEN) return undefined
    return value === result.value ? result : { done: false, value }
  }

  async #close(step: () => Promise<Item>): Promise<Item> {
    this.#pending += 1
    try {
      const result = await step()
      if (result.done === true) this.#finished(true)
      return result
    } catch (error) {
      this.#end(() => this.#observer.failed(error))
      throw error
    } finally {
      this.#pending -= 1
    }
  }

  #finished(closing: boolean): void {
    if (closing || this.#signal?.aborted === true) this.#end(() => this.#observer.stopped())
    else this.#end(() => this.#observer.completed())
  }

  #end(tell: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#release()
    tell()
  }
}

type Item = IteratorResult<unknown>

/** A source that throws instead of rejecting, or gives no promise, is read as `await` would read it. */
function begin(source: AsyncIterator<unknown>, args: [] | [unknown]): Promise<Item> {
  try {
    return Promise.resolve(source.next(...args))
  } catch (error) {
    return Promise.reject(error)
  }
}
