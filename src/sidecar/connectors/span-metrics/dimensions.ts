import { RE2JS } from 're2js'
import type { OtlpView } from '../../../otlp/view.ts'
import type { DimensionConfig } from './config.ts'
import type { Labels, LabelValue } from './series.ts'

/** Attributes of a span, resource or event: KeyValue nodes by key. Lists and maps are no labels. */
export type Attributes = ReadonlyMap<string, LabelValue>

export function attributesOf(view: OtlpView, node: number, field: number): Attributes {
  const attributes = new Map<string, LabelValue>()
  if (node < 0) return attributes
  for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c)) {
    if (view.field(c) !== field) continue
    const key = view.keyNode(c)
    const value = view.stringValue(c) ?? view.numberValue(c) ?? view.booleanValue(c)
    if (key >= 0 && value !== undefined) attributes.set(view.text(key), value)
  }
  for (const { key, value } of view.appended(node))
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') attributes.set(key, value)
  return attributes
}

/** The labels that a list of dimensions asks for: from the first attributes that have them, then by patterns, sorted by key. */
export class Dimensions {
  readonly #named: readonly { readonly name: string; readonly default?: string | undefined }[]
  readonly #globs: readonly RE2JS[]

  constructor(configs: readonly DimensionConfig[]) {
    this.#named = configs.flatMap(({ name, default: value }) => (name === undefined ? [] : [{ name, default: value }]))
    this.#globs = configs.flatMap(({ glob }) => (glob === undefined ? [] : [RE2JS.compile(patternOf(glob))]))
  }

  of(span: Attributes, rest: Attributes): Labels {
    const labels: (readonly [string, LabelValue])[] = []
    for (const { name, default: byDefault } of this.#named) {
      const value = span.get(name) ?? rest.get(name) ?? byDefault
      if (value !== undefined) labels.push([name, value])
    }
    if (this.#globs.length === 0) return labels
    const isWanted = (key: string): boolean => this.#globs.some((glob) => glob.matches(key))
    for (const [key, value] of sorted(span)) if (isWanted(key)) labels.push([key, value])
    for (const [key, value] of sorted(rest)) if (!span.has(key) && isWanted(key)) labels.push([key, value])
    return labels
  }
}

const sorted = (attributes: Attributes): (readonly [string, LabelValue])[] =>
  [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))

/** `*` and `?` stop at dots, `**` does not; `[…]` and `{a,b}` as in shells. */
function patternOf(glob: string): string {
  let depth = 0
  return glob.replaceAll(/\*\*|\\.|\[!?[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '**') return '.*'
    if (part === '*') return '[^.]*'
    if (part === '?') return '[^.]'
    if (part.length > 1) return part.startsWith('[!') ? `[^${part.slice(2)}` : part
    if (part === '{') return (depth++, '(?:')
    if (part === '}' && depth > 0) return (depth--, ')')
    if (part === ',' && depth > 0) return '|'
    return /[\w-]/.test(part) ? part : `\\${part}`
  })
}
