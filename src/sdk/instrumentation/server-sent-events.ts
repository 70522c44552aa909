import { HIDDEN } from '../stream.ts'
import { isFields } from './fields.ts'

/** What is done with the events of a stream on their way. */
export interface EventReader {
  event(event: unknown): void
  /** As in StreamObserver: the event, one that lacks a field, which is then taken from the bytes, or `HIDDEN`. */
  readonly shown: ((event: unknown) => unknown) | undefined
}

/**
 * Reads server-sent events whose data is JSON from bytes on their way (HTML standard, section "Interpreting an event stream"). Without
 * `shown` the bytes pass as they are. With it, an event passes when its blank line has arrived, as the same bytes unless it is touched.
 */
export class ServerSentEvents {
  readonly #reader: EventReader
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #encoder = new TextEncoder()
  #text = ''
  #searched = 0
  #tooLong = false

  constructor(reader: EventReader) {
    this.#reader = reader
  }

  /** Bytes in, the bytes for the caller out. */
  pass(bytes: Uint8Array): Uint8Array {
    const { shown } = this.#reader
    if (this.#tooLong) return bytes
    this.#text += this.#decoder.decode(bytes, { stream: true })
    const kept = this.#take()
    if (this.#text.length <= EVENT_CHARACTERS_MAX) return shown === undefined ? bytes : this.#encoder.encode(kept)
    this.#tooLong = true
    const rest = this.#text
    this.#text = ''
    return shown === undefined ? bytes : this.#encoder.encode(kept + rest)
  }

  /** The source has ended: what it left without a blank line. Undefined when it has passed already. */
  end(): Uint8Array | undefined {
    this.#text += this.#decoder.decode()
    const rest = this.#event(this.#text)
    this.#text = ''
    return this.#reader.shown === undefined ? undefined : this.#encoder.encode(rest)
  }

  /** Takes the events that are whole and returns what of them is for the caller. */
  #take(): string {
    let kept = ''
    let start = 0
    // A blank line can have begun in the bytes before.
    END.lastIndex = Math.max(0, this.#searched - 3)
    for (let end = END.exec(this.#text); end !== null; end = END.exec(this.#text)) {
      kept += this.#event(this.#text.slice(start, END.lastIndex))
      start = END.lastIndex
    }
    this.#text = this.#text.slice(start)
    this.#searched = this.#text.length
    return kept
  }

  #event(text: string): string {
    const data = dataOf(text)
    if (data === undefined) return text
    let event: unknown
    try {
      event = JSON.parse(data)
    } catch {
      return text
    }
    this.#reader.event(event)
    const shown = this.#reader.shown?.(event) ?? event
    if (shown === HIDDEN) return ''
    if (shown === event || !isFields(event) || !isFields(shown)) return text
    const lost = Object.keys(event).find((key) => !Object.hasOwn(shown, key))
    return lost === undefined ? text : without(text, lost, data, shown)
  }
}

/** Longest event that is read, in characters; a longer one ends the reading, not the stream. */
const EVENT_CHARACTERS_MAX = 16 * 1024 * 1024

const END = /\r\n\r\n|\n\n|\r\r/g

function dataOf(text: string): string | undefined {
  // What nearly all events are: one line.
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2) return jsonOf(text.slice(6, -2))
  if (!text.includes('data:')) return undefined
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'))
  return jsonOf(lines.map((line) => line.slice(line.startsWith('data: ') ? 6 : 5)).join('\n'))
}

const jsonOf = (data: string): string | undefined => (data === '' || data === '[DONE]' ? undefined : data)

/** A null field is cut out of the text, so that every other byte stays; within JSON strings its quotes would be escaped. */
function without(text: string, key: string, data: string, event: unknown): string {
  for (const field of [`,"${key}":null`, `"${key}":null,`]) {
    const at = text.indexOf(field)
    if (at !== -1) return text.slice(0, at) + text.slice(at + field.length)
  }
  return text.replace(data, () => JSON.stringify(event))
}
