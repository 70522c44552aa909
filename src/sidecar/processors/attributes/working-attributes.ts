import type { Edits } from '../../../otlp/edits.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { isAttribute, lastChild } from '../../../otlp/roles.ts'
import { fieldById, fieldId } from '../../../otlp/schema.ts'
import { scalarOf, VALUE_STRING, wireValueOf, writeWireValue } from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'
import { TextCache } from '../../../otlp/text-cache.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { ActionPlan } from './action-plan.ts'
import type { KeyPattern } from './key-pattern.ts'

const KEY = fieldId('KeyValue', 'key')
const VALUE = fieldId('KeyValue', 'value')
const texts = new TextCache()

/** An attribute that an action names, or may mean by a pattern. */
interface Attribute {
  /** KeyValue nodes: more than one where the key is there more than once. None: it was not there. */
  readonly nodes: number[]
  /** As it is now; undefined = not there. */
  value: WireValue | undefined
  isChanged: boolean
}

/** The attributes of one resource, span, log record or data point while actions change them; `write` makes edits of it. */
export class WorkingAttributes {
  readonly #plan: ActionPlan
  readonly #view: OtlpView
  /** By number of the key. */
  readonly #named: (Attribute | undefined)[]
  /** Those that no action names, by key; filled only when patterns ask. */
  readonly #others = new Map<string, Attribute>()

  constructor(plan: ActionPlan, view: OtlpView) {
    this.#plan = plan
    this.#view = view
    this.#named = plan.keys.map(() => undefined)
  }

  /** Begins with the attributes of these nodes, which together are one message. */
  read(nodes: Iterable<number>): void {
    this.#named.fill(undefined)
    this.#others.clear()
    const view = this.#view
    for (const node of nodes)
      for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c))
        if (isAttribute[view.field(c)] === 1) this.#add(c)
  }

  get(number: number): WireValue | undefined {
    return this.#named[number]?.value
  }

  /** Undefined when it is no string. */
  text(number: number): string | undefined {
    const value = this.get(number)
    return value?.kind === VALUE_STRING ? String(scalarOf(value)) : undefined
  }

  set(number: number, value: WireValue): void {
    const attribute = this.#named[number]
    if (attribute === undefined) this.#named[number] = { nodes: [], value, isChanged: true }
    else assign(attribute, value)
  }

  /** Gives an attribute the value that `change` returns, or takes it out. */
  change(number: number, change: (value: WireValue) => WireValue | undefined): void {
    changeOne(this.#named[number], change)
  }

  /** The same for all whose keys match, but for the one with the number `except`. */
  changeMatching(keys: KeyPattern, change: (value: WireValue) => WireValue | undefined, except: number): void {
    for (const [number, attribute] of this.#named.entries()) {
      if (attribute === undefined || number === except) continue
      if (keys.matches(this.#plan.keys[number] ?? '')) changeOne(attribute, change)
    }
    for (const [key, attribute] of this.#others) if (keys.matches(key)) changeOne(attribute, change)
  }

  /** Says what has changed; new attributes go to the message of node `to`. With -1 they are returned as fields of a message of its own, a Resource. */
  write(edits: Edits, to: number): Uint8Array | undefined {
    const field = to < 0 ? 1 : attributesField(this.#view, to)
    let added: ProtobufWriter | undefined
    for (const [number, attribute] of this.#named.entries()) {
      if (attribute?.isChanged !== true) continue
      if (attribute.nodes.length > 0) this.#writeOne(edits, attribute)
      else if (attribute.value !== undefined) {
        const { value } = attribute
        const key = this.#plan.keys[number] ?? ''
        added ??= new ProtobufWriter()
        added.message(field, (writer) => writeWireValue(writer.string(1, key), 2, value))
      }
    }
    for (const attribute of this.#others.values()) if (attribute.isChanged) this.#writeOne(edits, attribute)
    const fields = added?.finish()
    if (fields === undefined || to < 0) return fields
    edits.append(to, fields)
    return undefined
  }

  #add(node: number): void {
    const view = this.#view
    const key = lastChild(view, node, KEY)
    const start = key < 0 ? 0 : view.body(key)
    const end = key < 0 ? 0 : view.end(key)
    const id = this.#plan.lookUp(view.bytes, start, end)
    if (id > 0) {
      const known = this.#named[id - 1]
      if (known === undefined) this.#named[id - 1] = this.#attribute(node)
      else known.nodes.push(node)
    } else if (this.#plan.hasPatterns) {
      const text = texts.text(view.bytes, start, end)
      const known = this.#others.get(text)
      if (known === undefined) this.#others.set(text, this.#attribute(node))
      else known.nodes.push(node)
    }
  }

  #attribute(node: number): Attribute {
    return { nodes: [node], value: wireValueOf(this.#view, node), isChanged: false }
  }

  /** A key that is there twice is there once afterwards. */
  #writeOne(edits: Edits, { nodes: [first = -1, ...doubles], value }: Attribute): void {
    const view = this.#view
    for (const node of doubles) edits.remove(node)
    if (value === undefined) return edits.remove(first)
    for (let c = view.first(first), end = view.next(first); c < end; c = view.next(c))
      if (view.field(c) === VALUE) edits.remove(c)
    const writer = new ProtobufWriter()
    writeWireValue(writer, 2, value)
    edits.append(first, writer.finish())
  }
}

function assign(attribute: Attribute, value: WireValue | undefined): void {
  attribute.value = value
  attribute.isChanged = true
}

function changeOne(attribute: Attribute | undefined, change: (value: WireValue) => WireValue | undefined): void {
  if (attribute?.value === undefined) return
  const value = change(attribute.value)
  if (value !== attribute.value) assign(attribute, value)
}

/** Field number of the attributes in the message of a node. */
const attributesField = (view: OtlpView, node: number): number =>
  fieldById(view.field(node))?.message?.byJsonName.get('attributes')?.number ?? 1
