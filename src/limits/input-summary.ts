import { ARGUMENT_WORDS } from './argument-words.ts'

/** Longest summary, in bytes: it is ASCII. */
export const INPUT_SUMMARY_BYTES_MAX = 256

/**
 * The structure of a tool's arguments and nothing of their values: names of keys, types, lengths of texts (UTF-16 code units), counts.
 * `{to:string(17),tags:[3:string(4)],dryRun:boolean}`. A text that is JSON counts as what it says. A key that could be a value is given by its length, and of an
 * object with many keys only their count: on the first level, where a tool's own parameters are, what looks like an address, a number or a token; below it,
 * whatever is not made of usual words (`ARGUMENT_WORDS`). At most 256 bytes; never throws, runs no getter.
 */
export function inputSummary(input: unknown): string {
  try {
    const writer = new Writer()
    const text = writer.describe(input, 0)
    return text.length <= INPUT_SUMMARY_BYTES_MAX ? text : `${text.slice(0, INPUT_SUMMARY_BYTES_MAX - 3)}...`
  } catch {
    return UNREADABLE
  }
}

/** Whether a text has the form of a summary: what comes from another process is looked at again. Addresses, sentences and quotes have not. */
export const isInputSummary = (text: string): boolean =>
  text.length <= INPUT_SUMMARY_BYTES_MAX && /^[\w.<>(){}[\]:,-]*$/.test(text)

const UNREADABLE = 'unreadable'
const DEPTH_MAX = 3
/** Values that are described. */
const NODES_MAX = 64
/** An object with more keys is a map, and its keys are values. */
const KEYS_MAX = 32
/** Longer texts are not looked into. */
const JSON_CHARACTERS_MAX = 65_536

class Writer {
  #nodes = 0

  describe(value: unknown, depth: number): string {
    if (++this.#nodes > NODES_MAX) return '...'
    if (typeof value === 'string') return this.#text(value, depth)
    if (typeof value !== 'object') return typeof value
    if (value === null) return 'null'
    if (Array.isArray(value)) return this.#list(value, depth)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `bytes(${value.byteLength})`
    if (value instanceof Date) return 'date'
    if (value instanceof Map) return `map(${value.size})`
    if (value instanceof Set) return `set(${value.size})`
    if (value instanceof Error) return 'error'
    return this.#object(value, depth)
  }

  #text(text: string, depth: number): string {
    const first = text.trimStart()[0]
    if ((first === '{' || first === '[') && text.length <= JSON_CHARACTERS_MAX && depth < DEPTH_MAX) {
      const value = parsed(text)
      if (value !== undefined) return `json${this.describe(value, depth)}`
    }
    return `string(${text.length})`
  }

  #list(list: readonly unknown[], depth: number): string {
    if (list.length === 0) return '[]'
    return depth >= DEPTH_MAX ? `[${list.length}]` : `[${list.length}:${this.describe(list[0], depth + 1)}]`
  }

  #object(object: object, depth: number): string {
    const keys = Object.keys(object)
    if (keys.length === 0) return '{}'
    if (keys.length > KEYS_MAX || depth >= DEPTH_MAX) return `{${keys.length}}`
    return `{${keys.map((key) => `${nameOf(key, depth)}:${this.#property(object, key, depth)}`).join()}}`
  }

  #property(object: object, key: string, depth: number): string {
    const property = Object.getOwnPropertyDescriptor(object, key)
    return property !== undefined && 'value' in property ? this.describe(property.value, depth + 1) : 'getter'
  }
}

const nameOf = (key: string, depth: number): string =>
  isName(key) && (depth === 0 || isUsual(key)) ? key : `<key(${key.length})>`

/** A name as people give them: words of letters, two digits behind each at most. Random letters have more capitals than words have. */
const isName = (key: string): boolean =>
  key.length <= 40 && /^_?[A-Za-z]+\d{0,2}(?:[_.-][A-Za-z]+\d{0,2}){0,5}$/.test(key) && humpsIn(key) <= 4

const isUsual = (key: string): boolean =>
  key
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _.-]/)
    .every((word) => word === '' || ARGUMENT_WORDS.has(word) || ARGUMENT_WORDS.has(word.replace(/\d+$/, '')))

const humpsIn = (key: string): number => key.match(/[a-z][A-Z]/g)?.length ?? 0

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
