import { takesAttributes } from '../../../otlp/edits.ts'
import type { Edits } from '../../../otlp/edits.ts'
import { fieldById } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Redaction } from '../../../redaction/redactor.ts'
import type { Summary } from './item-summary.ts'
import { STOCK_SUMMARY_PREFIX } from './stock-keys.ts'

export type StockDetail = 'debug' | 'info' | 'silent'
export type Done = 'redacted' | 'masked' | 'allowed' | 'ignored'

/** Characters of a list of keys: what an earlier processor wrote may be of any length. */
export const STOCK_KEYS_CHARS_MAX = 8_192

/** Who holds attributes, and the keys of those with which something was done. */
interface Holder {
  readonly attributes: Record<Done, Set<string>>
  readonly body: Record<Done, Set<string>>
}

/** The attributes `redaction.masked.keys` and so on, as the stock collector writes them, beside the attributes that they are about. */
export class StockSummary implements Summary {
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #detail: StockDetail
  /** Keys are told without what is sensitive in them. */
  readonly #redactKey: (key: string) => string
  readonly #holders = new Map<number, Holder>()

  constructor(view: OtlpView, edits: Edits, detail: StockDetail, redactKey: (key: string) => string) {
    this.#view = view
    this.#edits = edits
    this.#detail = detail
    this.#redactKey = redactKey
  }

  begin(): void {}
  forget(): void {}

  /** Something was masked in the attribute or body in which node n stands. */
  add(n: number, found: readonly Redaction[]): void {
    if (found.length > 0) this.note(n, 'masked')
  }

  /** Something was done with the attribute or member of a body that holds node n, or is node n. */
  note(n: number, done: Done): void {
    if (this.#detail === 'silent') return
    const place = placeOf(this.#view, n)
    if (place === undefined) return
    const { holder, key, isBody } = place
    let known = this.#holders.get(holder)
    if (known === undefined) this.#holders.set(holder, (known = { attributes: nothing(), body: nothing() }))
    known[isBody ? 'body' : 'attributes'][done].add(key)
  }

  end(): void {
    for (const [node, { attributes, body }] of this.#holders) {
      // Exemplars and the like can't tell; others were taken out in the meantime.
      if (!takesAttributes(this.#view.field(node))) continue
      const earlier = this.#takeUpEarlier(node)
      for (const done of ALL_DONE) {
        this.#append(node, done, attributes[done], earlier)
        this.#append(node, `body.${done}`, body[done], earlier)
      }
    }
  }

  #append(node: number, name: string, keys: ReadonlySet<string>, earlier: Earlier): void {
    const prefix = `${STOCK_SUMMARY_PREFIX}${name}`
    const before = Number(earlier.get(`${prefix}.count`) ?? 0)
    if (keys.size + before === 0) return
    const isKeyed = this.#detail === 'debug' && !name.endsWith('ignored')
    const all = new Set([...keys].map(this.#redactKey))
    if (isKeyed) for (const key of keysIn(earlier.get(`${prefix}.keys`))) all.add(key)
    if (isKeyed) {
      const list = [...all].sort().join(',')
      this.#edits.appendAttribute(node, `${prefix}.keys`, list.slice(0, STOCK_KEYS_CHARS_MAX))
    }
    // What was only let pass is seen again by every processor.
    const passes = name.endsWith('ignored') || name.endsWith('allowed')
    const count = isKeyed ? Math.max(all.size, before) : passes ? Math.max(keys.size, before) : keys.size + before
    this.#edits.appendAttribute(node, `${prefix}.count`, count)
  }

  /** What a processor before this one wrote becomes part of what this one writes. */
  #takeUpEarlier(node: number): Earlier {
    const view = this.#view
    const earlier = new Map<string, string | number>()
    for (let c = view.first(node); c < view.next(node); c = view.next(c)) {
      if (fieldById(view.field(c))?.message?.name !== 'KeyValue') continue
      const keyNode = view.keyNode(c)
      if (keyNode < 0 || view.end(keyNode) - view.body(keyNode) > KEY_BYTES_MAX) continue
      const key = view.text(keyNode)
      if (!SUMMARY_KEY.test(key)) continue
      const value = key.endsWith('.count')
        ? countOf(view.numberValue(c))
        : view.stringValue(c)?.slice(0, STOCK_KEYS_CHARS_MAX)
      if (value === undefined) continue
      earlier.set(key, value)
      this.#edits.remove(c)
    }
    return earlier
  }
}

const keysIn = (list: string | number | undefined): readonly string[] =>
  typeof list !== 'string' || list === '' ? [] : list.split(',')

type Earlier = ReadonlyMap<string, string | number>
const ALL_DONE: readonly Done[] = ['redacted', 'masked', 'allowed', 'ignored']
const SUMMARY_KEY = /^redaction\.(body\.)?((redacted|masked|allowed)\.(keys|count)|ignored\.count)$/
const KEY_BYTES_MAX = 64
const COUNT_MAX = 1_000_000_000

const countOf = (value: number | undefined): number | undefined =>
  value === undefined || !Number.isFinite(value) ? undefined : Math.min(COUNT_MAX, Math.max(0, Math.trunc(value)))

const nothing = (): Record<Done, Set<string>> => ({
  redacted: new Set(),
  masked: new Set(),
  allowed: new Set(),
  ignored: new Set(),
})

/**
 * The message whose attributes or body node n stands in, and what the stock collector calls the place: the key of the attribute; in a body the path to it (`user.email`,
 * `[0].email`), or `body` when that is one value.
 */
export function placeOf(view: OtlpView, n: number): { holder: number; key: string; isBody: boolean } | undefined {
  const path: string[] = []
  for (let at = n; at > 0; at = view.parent(at)) {
    const field = fieldById(view.field(at))
    const parent = view.parent(at)
    const isKeyValue = field?.message?.name === 'KeyValue'
    if (isKeyValue) path.unshift(keyOf(view, at))
    if (isKeyValue && field?.name !== 'values') return { holder: parent, key: path[0] ?? '', isBody: false }
    if (field?.name === 'values' && field.message?.name === 'AnyValue') path.unshift(`[${indexIn(view, parent, at)}]`)
    if (field?.name === 'body')
      return { holder: parent, key: path.length === 0 ? 'body' : path.join('.'), isBody: true }
  }
  return undefined
}

const keyOf = (view: OtlpView, keyValue: number): string => {
  const key = view.keyNode(keyValue)
  return key < 0 ? '' : view.text(key)
}

function indexIn(view: OtlpView, list: number, element: number): number {
  let index = 0
  for (let c = view.first(list); c < element; c = view.next(c)) index++
  return index
}
