import type { SinkSpan } from './otlp-sink.ts'

/**
 * Renders traces as indented text, one span a line, in order of start: `INTERNAL invoke_agent support [gen_ai.agent.name=support] ERROR(tool_error)`.
 * Only the attributes that are asked for are shown. An orphan (its parent did not arrive) is a root marked with `?`.
 */
export function traceTree(spans: readonly SinkSpan[], attributes: readonly string[] = []): string {
  const ids = new Set(spans.map((span) => span.spanId))
  const children = Map.groupBy(spans, (span) => (ids.has(span.parentSpanId) ? span.parentSpanId : ''))
  const lines: string[] = []
  const render = (parent: string, depth: number): void => {
    for (const span of (children.get(parent) ?? []).toSorted(byStart)) {
      const orphan = depth === 0 && span.parentSpanId !== '' ? '? ' : ''
      lines.push('  '.repeat(depth) + orphan + line(span, attributes))
      render(span.spanId, depth + 1)
    }
  }
  render('', 0)
  return lines.join('\n')
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

/** The SDK stamps starts in whole milliseconds. Of spans that start together, the one that arrived (and so had ended) first is shown first. */
const byStart = (a: SinkSpan, b: SinkSpan): number => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0)

function line(span: SinkSpan, attributes: readonly string[]): string {
  const shown = attributes.filter((key) => key in span.attributes).map((key) => `${key}=${show(span.attributes[key])}`)
  const events = span.events.map((event) => ` +${event.name}`).join('')
  const error = span.status.code === 2 ? ` ERROR(${show(span.attributes['error.type'] ?? '')})` : ''
  return `${kinds[span.kind] ?? span.kind} ${span.name}${shown.length > 0 ? ` [${shown.join(' ')}]` : ''}${events}${error}`
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
