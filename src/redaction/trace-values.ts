import { isCommonName } from './common-words.ts'
import type { KnownValue } from './known-values.ts'
import type { RuleType } from './rule.ts'

export interface TraceValuesLimits {
  /** Traces whose values are remembered; beyond it those that were not seen for longest are forgotten. */
  readonly tracesMax: number
  /** Values of one trace; beyond it those that were not found for longest are forgotten. */
  readonly valuesPerTraceMax: number
}

export const traceValuesLimits: TraceValuesLimits = { tracesMax: 10_000, valuesPerTraceMax: 256 }

/** What is known to be sensitive in one trace. */
export interface TraceValue extends KnownValue {
  /** Of its trace. */
  readonly owner: number
}

/**
 * Remembers by trace what keys have named, so that it is taken out wherever it stands in that trace: the name in `"first_name"` also in "Thank you, Mia". Not everything is
 * worth it: single words that mean something else as well, and short numbers, are not remembered.
 */
export class TraceValues {
  readonly #limits: TraceValuesLimits
  readonly #traces = new Map<string, Trace>()
  readonly #onForgotten = (): void => void this.forgotten++
  #ownersCount = 0
  /** Values that were forgotten because there was no room. */
  forgotten = 0

  constructor(limits: Partial<TraceValuesLimits> = {}) {
    this.#limits = { ...traceValuesLimits, ...limits }
  }

  /** The trace of this id, from now on the one that was seen last. */
  trace(id: string): Trace {
    const known = this.#traces.get(id)
    if (known !== undefined) this.#traces.delete(id)
    const trace = known ?? new Trace(++this.#ownersCount, this.#limits.valuesPerTraceMax, this.#onForgotten)
    this.#traces.set(id, trace)
    if (this.#traces.size > this.#limits.tracesMax) {
      const [oldest] = this.#traces.keys()
      if (oldest !== undefined) this.#traces.delete(oldest)
    }
    return trace
  }
}

export class Trace {
  readonly owner: number
  /** Grows with each value that is new. */
  version = 0
  /** Made with the first value: most traces have none. */
  #values: Map<string, KnownValue> | undefined
  readonly #valuesMax: number
  readonly #onForgotten: () => void

  constructor(owner: number, valuesMax: number, onForgotten: () => void) {
    this.owner = owner
    this.#valuesMax = valuesMax
    this.#onForgotten = onForgotten
  }

  values(): Iterable<KnownValue> {
    return this.#values?.values() ?? []
  }

  /** What a key of this type named; the text as it stands, its escapes resolved. */
  learn(type: RuleType, text: string): void {
    switch (type) {
      case 'PERSON':
        return this.#learnName(text)
      case 'ADDRESS':
        if (text.length >= 8 && /\d/.test(text)) this.#remember(type, text, true)
        return undefined
      case 'POSTAL_CODE':
        if (text.length >= 5) this.#remember(type, text, false)
        return undefined
      case 'DATE_OF_BIRTH':
        if (text.length < 8 || !/\d{4}|\d.*\d.*\d/.test(text)) return undefined
        for (const form of [text, ...formsOfDate(text)]) this.#remember(type, form, true)
        return undefined
      case 'LOCATION':
      case 'CARD_LAST4':
        return undefined
      default:
        if (isTelling(text)) this.#remember(type, text, type === 'EMAIL')
    }
  }

  /** The name of one person from two keys. */
  learnPerson(given: string, family: string): void {
    this.#remember('PERSON', `${given} ${family}`, true)
    this.#remember('PERSON', `${family}, ${given}`, true)
    this.#remember('PERSON', `${family} ${given}`, true)
  }

  /** A name that stands in a text: its words alone are not sure enough. */
  learnWholeName(text: string): void {
    if (text.length >= 5 && text.length <= NAME_CHARS_MAX && /^\S+ \S+/.test(text)) this.#remember('PERSON', text, true)
  }

  #learnName(text: string): void {
    const name = text.trim()
    const [first = ''] = name.split(/\s+/)
    if (first !== name && name.length >= 5) this.#remember('PERSON', name, true)
    if (isNameAlone(first)) this.#remember('PERSON', first, false)
  }

  #remember(type: RuleType, text: string, isCaseless: boolean): void {
    const bytes = encoder.encode(text)
    const key = `${type} ${isCaseless ? text.toLowerCase() : text}`
    if (bytes.length > VALUE_BYTES_MAX) return
    const values = (this.#values ??= new Map())
    const known = values.get(key)
    if (known === undefined) this.version++
    else values.delete(key)
    values.set(key, known ?? { type, bytes, isCaseless, isWord: true })
    if (values.size <= this.#valuesMax) return
    const [oldest] = values.keys()
    if (oldest !== undefined) values.delete(oldest)
    this.#onForgotten()
  }
}

/** Longer values are no names, numbers or addresses. */
const VALUE_BYTES_MAX = 256
const NAME_CHARS_MAX = 60
const encoder = new TextEncoder()

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** Other ways to write an ISO date: agents put it so into their answers. */
function formsOfDate(text: string): string[] {
  const [, year = '', monthText = '', dayText = ''] = /^(\d{4})-(\d\d)-(\d\d)(?:T|$)/.exec(text) ?? []
  const month = MONTHS[Number(monthText) - 1]
  if (month === undefined) return []
  const day = Number(dayText)
  return [
    `${year}-${monthText}-${dayText}`,
    `${monthText}/${dayText}/${year}`,
    `${dayText}/${monthText}/${year}`,
    `${dayText}.${monthText}.${year}`,
    ...[month, month.slice(0, 3)].flatMap((name) => [`${name} ${day}, ${year}`, `${day} ${name} ${year}`]),
  ]
}

/** A word that is a name and, with a capital, nothing else: not `Mark`, `Brown`, `Li`. */
const isNameAlone = (word: string): boolean =>
  word.length >= 3 && /^\p{Lu}[\p{L}'’-]*\p{Ll}$/u.test(word) && !isCommonName(word)

/** Letters and digits, or many digits: not the name of a role or a small number. */
const isTelling = (text: string): boolean =>
  text.length >= 6 && ((/\d/.test(text) && /[^\d\s]/.test(text)) || /\d{8}/.test(text) || text.includes('@'))
