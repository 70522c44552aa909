import { ServerSentEvents } from '../server-sent-events.ts'
import { BODY_BYTES_MAX, BoundedBytes, parsedJson } from './bounded-bytes.ts'

/**
 * The body of an answer: JSON, server-sent events, or lines of JSON. Events that come as they are are read as they come; a compressed body is
 * kept and read at its end.
 */
export class AnswerBytes {
  /** The chunks are those of the answer, not only of its transport. */
  readonly isStream: boolean
  readonly #form: 'events' | 'lines' | 'json' | 'other'
  readonly #encoding: string | undefined
  readonly #kept = new BoundedBytes()
  readonly #events: ServerSentEvents
  readonly #event: (event: unknown) => void

  constructor(type: string | undefined, encoding: string | undefined, event: (event: unknown) => void) {
    this.#form = formOf(type ?? '')
    this.isStream = this.#form === 'events' || this.#form === 'lines'
    this.#encoding = encoding === undefined || encoding === 'identity' ? undefined : encoding
    this.#event = event
    this.#events = new ServerSentEvents({ event, shown: undefined })
  }

  add(chunk: unknown): void {
    if (this.#form === 'other') return
    if (this.#form === 'events' && this.#encoding === undefined && chunk instanceof Uint8Array) this.#events.pass(chunk)
    else this.#kept.add(chunk)
  }

  /** Reads what is left. Returns the value of a JSON body; undefined when the answer was events, or cannot be read. */
  end(): unknown {
    if (this.#form === 'other') return undefined
    if (this.#form === 'events') {
      if (this.#encoding !== undefined) this.#events.pass(this.#whole() ?? new Uint8Array())
      this.#events.end()
      return undefined
    }
    const text = this.#whole()?.toString('utf8') ?? ''
    const value = parsedJson(text)
    // Lines of JSON are JSON to some servers.
    if (value !== undefined && (this.#form === 'json' || !text.trimEnd().includes('\n'))) return value
    for (const line of text.split('\n')) {
      const event = parsedJson(line)
      if (event !== undefined) this.#event(event)
    }
    return undefined
  }

  #whole(): Buffer | undefined {
    const bytes = this.#kept.whole()
    return bytes === undefined || this.#encoding === undefined ? bytes : unpacked(bytes, this.#encoding)
  }
}

function formOf(type: string): 'events' | 'lines' | 'json' | 'other' {
  if (type.includes('event-stream')) return 'events'
  if (type.includes('ndjson') || type.includes('jsonl') || type.includes('stream+json')) return 'lines'
  return type.includes('json') ? 'json' : 'other'
}

/** Largest body after unpacking, in bytes. */
const UNPACKED_BYTES_MAX = 4 * BODY_BYTES_MAX

/** node:zlib is there whenever such a body was sent to somebody who can read it. */
function unpacked(bytes: Buffer, encoding: string): Buffer | undefined {
  const zlib = process.getBuiltinModule('node:zlib')
  const options = { maxOutputLength: UNPACKED_BYTES_MAX }
  try {
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        return zlib.gunzipSync(bytes, options)
      case 'deflate':
        return zlib.inflateSync(bytes, options)
      case 'br':
        return zlib.brotliDecompressSync(bytes, options)
      case 'zstd':
        return zlib.zstdDecompressSync(bytes, options)
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}
