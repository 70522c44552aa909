import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'

/** Text of an attribute of the resource of `group` (a ResourceSpans, ResourceMetrics or ResourceLogs node); undefined when there is none. */
export function resourceAttribute(view: OtlpView, group: number, key: string): string | undefined {
  for (let c = view.first(group); c < view.next(group); c = view.next(c)) {
    if (!RESOURCES.has(view.field(c))) continue
    for (let a = view.first(c); a < view.next(c); a = view.next(a)) {
      if (view.field(a) !== ATTRIBUTES) continue
      const keyNode = view.keyNode(a)
      if (keyNode >= 0 && view.text(keyNode) === key) return view.stringValue(a)
    }
  }
  return undefined
}

const RESOURCES = new Set([
  fieldId('ResourceSpans', 'resource'),
  fieldId('ResourceMetrics', 'resource'),
  fieldId('ResourceLogs', 'resource'),
])
const ATTRIBUTES = fieldId('Resource', 'attributes')
