import { fieldId } from '../../../otlp/schema.ts'
import { spanNodes } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'

/** All of a trace that has come, for policies to look at. */
export interface HeldSpans {
  /** The bytes of the id as latin1. */
  readonly traceId: string
  readonly views: readonly OtlpView[]
  readonly spans: number
  readonly bytes: number
}

/** Whether a value of that attribute, of a span or a resource, is what is looked for. */
export function someAttribute(
  { views }: HeldSpans,
  key: string,
  matches: (view: OtlpView, attribute: number) => boolean,
): boolean {
  const wanted = Buffer.from(key)
  return views.some((view) => {
    for (let n = 1; n < view.count;) {
      const field = view.field(n)
      if (field === SPAN_ATTRIBUTES || field === RESOURCE_ATTRIBUTES) {
        const name = view.keyNode(n)
        if (name >= 0 && wanted.equals(view.bytes.subarray(view.body(name), view.end(name))) && matches(view, n))
          return true
      }
      n = CONTAINERS.has(field) ? n + 1 : view.next(n)
    }
    return false
  })
}

export function* heldSpanNodes({ views }: HeldSpans): Generator<readonly [view: OtlpView, span: number]> {
  for (const view of views) for (const span of spanNodes(view)) yield [view, span]
}

const SPAN_ATTRIBUTES = fieldId('Span', 'attributes')
const RESOURCE_ATTRIBUTES = fieldId('Resource', 'attributes')
const CONTAINERS: ReadonlySet<number> = new Set([
  fieldId('ExportTraceServiceRequest', 'resourceSpans'),
  fieldId('ResourceSpans', 'resource'),
  fieldId('ResourceSpans', 'scopeSpans'),
  fieldId('ScopeSpans', 'spans'),
])
