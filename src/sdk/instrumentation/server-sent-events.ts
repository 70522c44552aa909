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
  /** Pieces of an event whose blank line has not arrived; joined when it has, since one event can come in thousands. */
  #waiting: string[] = []
  #characters = 0
  /** The last characters that came: a blank line can begin in them. */
  #tail = ''
  #tooLong = false

  constructor(reader: EventReader) {
    this.#reader = reader
  }

  /** Bytes in, the bytes for the caller out. */
  pass(bytes: Uint8Array): Uint8Array {
    const { shown } = this.#reader
    if (this.#tooLong) return bytes
    const kept = this.#add(this.#decoder.decode(bytes, { stream: true }))
    if (this.#characters <= EVENT_CHARACTERS_MAX) return shown === undefined ? bytes : this.#encoder.encode(kept)
    this.#tooLong = true
    const rest = this.#waiting.join('')
    this.#keep('')
    return shown === undefined ? bytes : this.#encoder.encode(kept + rest)
  }

  /** The source has ended: what it left without a blank line. Undefined when it has passed already. */
  end(): Uint8Array | undefined {
    const rest = this.#event(this.#waiting.join('') + this.#decoder.decode())
    this.#keep('')
    return this.#reader.shown === undefined ? undefined : this.#encoder.encode(rest)
  }

  /** Takes the events that are whole now and returns what of them is for the caller. */
  #add(more: string): string {
    this.#waiting.push(more)
    this.#characters += more.length
    const seam = this.#tail + more
    this.#tail = seam.slice(-TAIL_CHARACTERS)
    END.lastIndex = 0
    return END.test(seam) ? this.#take(this.#waiting.join('')) : ''
  }

  #take(text: string): string {
    let kept = ''
    let start = 0
    END.lastIndex = 0
    for (let end = END.exec(text); end !== null; end = END.exec(text)) {
      kept += this.#event(text.slice(start, END.lastIndex))
      start = END.lastIndex
    }
    this.#keep(text.slice(start))
    return kept
  }

  #keep(rest: string): void {
    this.#waiting = [rest]
    this.#characters = rest.length
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

/** One less than the longest blank line. */
const TAIL_CHARACTERS = 3

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
