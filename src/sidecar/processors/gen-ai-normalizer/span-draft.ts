import type { AttributeContent } from './attribute-value.ts'
import type { NewValue } from './convert.ts'
import { toJson } from './json-text.ts'

/** The attributes of one span as they came; values are read when they are asked for. */
export interface SpanAttributes {
  readonly keys: readonly string[]
  read(index: number): AttributeContent
}

/** What becomes of the attributes of a span: nothing is done until all is decided. */
export class SpanDraft {
  readonly attributes: SpanAttributes
  readonly renamed = new Map<number, string>()
  readonly removed = new Set<number>()
  readonly added = new Map<string, NewValue>()
  /** Copied under another name, as it is on the wire. */
  readonly copied = new Map<string, number>()
  /** The last attribute of a name counts. */
  readonly #byKey = new Map<string, number>()

  constructor(attributes: SpanAttributes) {
    this.attributes = attributes
    for (const [index, key] of attributes.keys.entries()) this.#byKey.set(key, index)
  }

  get isEmpty(): boolean {
    return this.renamed.size + this.removed.size + this.added.size + this.copied.size === 0
  }

  /** Whether the span came with this name. */
  came(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** What the name holds as things stand; undefined when it is free. */
  current(key: string): AttributeContent {
    const added = this.added.get(key)
    if (added !== undefined) return added
    const index = this.#indexOf(key)
    return index === undefined ? undefined : this.attributes.read(index)
  }

  has(key: string): boolean {
    return this.added.has(key) || this.#indexOf(key) !== undefined
  }

  isOpen(index: number): boolean {
    return !this.renamed.has(index) && !this.removed.has(index)
  }

  rename(index: number, to: string): void {
    this.renamed.set(index, to)
  }

  remove(index: number): void {
    this.removed.add(index)
  }

  copy(index: number, to: string): void {
    this.copied.set(to, index)
  }

  /** Writes a name, whatever stood there. */
  set(key: string, value: NewValue): void {
    this.clear(key)
    this.added.set(key, value)
  }

  clear(key: string): void {
    this.added.delete(key)
    this.copied.delete(key)
    const index = this.#indexOf(key)
    if (index === undefined) return
    this.renamed.delete(index)
    this.removed.add(index)
  }

  #indexOf(key: string): number | undefined {
    const copied = this.copied.get(key)
    if (copied !== undefined) return copied
    for (const [index, to] of this.renamed) if (to === key) return index
    const index = this.#byKey.get(key)
    return index === undefined || !this.isOpen(index) ? undefined : index
  }
}

/** Whether two values say the same: 1 and 1.0 and "1" do. */
export function isSame(a: AttributeContent, b: AttributeContent): boolean {
  if (a === b) return true
  if (typeof a === 'object' || typeof b === 'object') return toJson(a) === toJson(b)
  return a !== undefined && b !== undefined && String(a) === String(b)
}
