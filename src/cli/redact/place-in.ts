import { fieldById, fieldId } from '../../otlp/schema.ts'
import type { OtlpView } from '../../otlp/view.ts'
import { isKeyValue } from '../../sidecar/processors/redaction/node-kinds.ts'

/** Where a value stands in a request, for a person: `span "chat gpt-5" › attributes › gen_ai.input.messages`. */
export function placeIn(view: OtlpView, node: number): string {
  const names: string[] = []
  for (let n = node; n > 0; n = view.parent(n)) {
    const field = view.field(n)
    if (field === KEY || silent.has(field)) continue
    const key = isKeyValue[field] === 1 ? keyOf(view, n) : undefined
    if (key !== undefined) names.unshift(key)
    const name = fieldById(field)?.name ?? 'unknown field'
    const title = titles.get(field)
    if (title === undefined) names.unshift(name)
    else {
      names.unshift(`${title} ${JSON.stringify(titleOf(view, n))}`)
      break
    }
  }
  return names.join(' › ')
}

const KEY = fieldId('KeyValue', 'key')
/** Layers that say nothing to a reader. */
const silent: ReadonlySet<number> = new Set(
  (['stringValue', 'intValue', 'doubleValue', 'bytesValue', 'arrayValue', 'kvlistValue'] as const)
    .map((name) => fieldId('AnyValue', name))
    .concat(fieldId('KeyValue', 'value'), fieldId('ArrayValue', 'values')),
)
/** What a reader looks for first; outer layers are not told. */
const titles: ReadonlyMap<number, string> = new Map([
  [fieldId('ScopeSpans', 'spans'), 'span'],
  [fieldId('ScopeMetrics', 'metrics'), 'metric'],
])

function keyOf(view: OtlpView, node: number): string | undefined {
  const key = view.keyNode(node)
  return key < 0 ? undefined : view.text(key)
}

function titleOf(view: OtlpView, node: number): string {
  for (const name of [fieldId('Span', 'name'), fieldId('Metric', 'name')]) {
    const child = view.child(node, name)
    if (child >= 0) return view.text(child)
  }
  return ''
}
