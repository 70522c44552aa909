import { isFields } from './fields.ts'
import { ServerSentEvents } from './server-sent-events.ts'

/** What is told about a response that its caller reads himself. One of `whole`, `completed`, `stopped`, `failed` is the last thing told. */
export interface RawObserver {
  /** The library itself is reading the response, so what it reads is observed elsewhere. */
  readonly parsing: () => boolean
  /** A JSON body that was read to its end. */
  whole(body: unknown): void
  /** One event of an event stream. */
  event(event: unknown): void
  /** As in StreamObserver. Absent: the caller gets the bytes as they come. */
  readonly shown: ((event: unknown) => unknown) | undefined
  /** Something of the body arrived. */
  progress(): void
  /** An event stream, or a body of another kind, was read to its end. */
  completed(): void
  stopped(): void
  failed(error: unknown): void
}

/**
 * Observes a `fetch` response in place, by whichever of its methods it is read: `json()` and its like, or `body`, through which the bytes
 * pass as the caller takes them. Nothing is read that he does not read. A response of another making (node-fetch) is stopped at once.
 */
export function observeRawResponse(raw: unknown, observer: RawObserver): void {
  if (!isResponse(raw)) return observer.stopped()
  if (observed.has(raw)) return
  observed.add(raw)
  const read = bodyOf(raw, observer)
  for (const method of READERS) override(raw, method, readerOf(raw, method, read, observer))
  const { shown } = observer
  if (shown !== undefined) {
    const clone = raw.clone.bind(raw)
    // A copy is not observed, but what is hidden stays hidden.
    override(raw, 'clone', () => {
      const copy = clone()
      observeRawResponse(copy, { ...SILENT, shown })
      return copy
    })
  }
}

/** Replaces a method on this one object, enumerable only if it was. */
export function override(target: object, key: string, value: unknown): void {
  const enumerable = Object.getOwnPropertyDescriptor(target, key)?.enumerable ?? false
  Object.defineProperty(target, key, { configurable: true, writable: true, enumerable, value })
}

/** undici's own class is not the global one, so the class is not asked for. */
export const isResponse = (value: unknown): value is Response =>
  isFields(value) &&
  isFields(value['headers']) &&
  typeof value['clone'] === 'function' &&
  typeof value['text'] === 'function' &&
  (value['body'] === null || value['body'] instanceof ReadableStream)

const READERS = ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData'] as const
const observed = new WeakSet<object>()
const SILENT: RawObserver = {
  parsing: () => false,
  whole: () => {},
  event: () => {},
  shown: undefined,
  progress: () => {},
  completed: () => {},
  stopped: () => {},
  failed: () => {},
}

type Body = ReadableStream<Uint8Array>

/** Replaces `body` by a stream through which the bytes pass. It is made when it is asked for, and reads when it is read. */
function bodyOf(raw: Response, observer: RawObserver): () => Body | null {
  let tapped: Body | null | undefined
  // Asked anew each time: after `clone()` a response has another stream.
  const native = (): Body | null => nativeBody(raw)
  const read = (): Body | null =>
    (tapped ??= native() === null ? null : tap(native, passingOf(raw, observer), observer))
  Object.defineProperty(raw, 'body', {
    configurable: true,
    enumerable: false,
    get: () => (tapped === undefined && (observer.parsing() || raw.bodyUsed) ? native() : read()),
  })
  return read
}

function nativeBody(raw: Response): Body | null {
  const body: unknown = Reflect.get(Object.getPrototypeOf(raw), 'body', raw)
  return body instanceof ReadableStream ? body : null
}

function readerOf(
  raw: Response,
  method: (typeof READERS)[number],
  body: () => Body | null,
  observer: RawObserver,
): () => Promise<unknown> {
  const read: unknown = Reflect.get(raw, method)
  return async () => {
    if (typeof read !== 'function') throw new TypeError(`no method ${method}`)
    // Already used or locked: the response's own complaint is the right one.
    if (isEventStream(raw) && !observer.parsing() && !raw.bodyUsed && body()?.locked === false) {
      return Reflect.apply(read, new Response(body(), { headers: raw.headers }), [])
    }
    try {
      const content: unknown = await read.call(raw)
      tellContent(content, method, raw, observer)
      return content
    } catch (error) {
      observer.failed(error)
      throw error
    }
  }
}

function tellContent(content: unknown, method: string, raw: Response, observer: RawObserver): void {
  if (method === 'json') observer.whole(content)
  else if (method === 'text' && isJson(raw)) tellJson(String(content), observer)
  else observer.completed()
}

function tellJson(text: string, observer: RawObserver): void {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return observer.stopped()
  }
  observer.whole(body)
}

const mediaType = (raw: Response): string => raw.headers.get('content-type') ?? ''
const isEventStream = (raw: Response): boolean => mediaType(raw).includes('event-stream')
const isJson = (raw: Response): boolean => mediaType(raw).includes('json')

/** JSON that a caller reads from the body stream is read by us up to this size. */
const JSON_BYTES_MAX = 4 * 1024 * 1024

/** What is done with bytes on their way: what comes back is for the caller. */
interface Passing {
  pass(bytes: Uint8Array): Uint8Array
  end(): Uint8Array | undefined
}

function passingOf(raw: Response, observer: RawObserver): Passing {
  if (isEventStream(raw)) return new PassingEvents(observer)
  return isJson(raw) ? new PassingJson(observer) : new PassingBytes(observer)
}

/** The body of a response as its caller reads it. Nothing is read ahead. */
function tap(source: () => Body | null, passing: Passing, observer: RawObserver): Body {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  const start = (): ReadableStreamDefaultReader<Uint8Array> | undefined => (reader ??= source()?.getReader())
  const next = async (): Promise<{ readonly bytes: Uint8Array | undefined; readonly done: boolean }> => {
    for (;;) {
      const result = await start()?.read()
      if (result?.done !== false) return { bytes: passing.end(), done: true }
      observer.progress()
      const bytes = passing.pass(result.value)
      if (bytes.length > 0) return { bytes, done: false }
    }
  }
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        try {
          const { bytes, done } = await next()
          if (bytes !== undefined && bytes.length > 0) controller.enqueue(ownMemory(bytes))
          if (!done) return
          controller.close()
          controller.byobRequest?.respond(0)
        } catch (error) {
          observer.failed(error)
          throw error
        }
      },
      async cancel(reason) {
        observer.stopped()
        await start()?.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** A byte stream takes the whole memory of what it is given. */
const ownMemory = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes)

class PassingEvents implements Passing {
  readonly #observer: RawObserver
  readonly #events: ServerSentEvents

  constructor(observer: RawObserver) {
    this.#observer = observer
    this.#events = new ServerSentEvents({ event: (event) => observer.event(event), shown: observer.shown })
  }

  pass(bytes: Uint8Array): Uint8Array {
    return this.#events.pass(bytes)
  }

  end(): Uint8Array | undefined {
    const rest = this.#events.end()
    this.#observer.completed()
    return rest
  }
}

class PassingJson implements Passing {
  readonly #observer: RawObserver
  #kept: Uint8Array[] = []
  #size = 0

  constructor(observer: RawObserver) {
    this.#observer = observer
  }

  pass(bytes: Uint8Array): Uint8Array {
    this.#size += bytes.length
    if (this.#size > JSON_BYTES_MAX) this.#kept = []
    else this.#kept.push(bytes.slice())
    return bytes
  }

  end(): undefined {
    if (this.#size > JSON_BYTES_MAX) this.#observer.completed()
    else tellJson(Buffer.concat(this.#kept).toString('utf8'), this.#observer)
  }
}

class PassingBytes implements Passing {
  readonly #observer: RawObserver

  constructor(observer: RawObserver) {
    this.#observer = observer
  }

  pass(bytes: Uint8Array): Uint8Array {
    return bytes
  }

  end(): undefined {
    this.#observer.completed()
  }
}
