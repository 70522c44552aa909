import type { Distribution, Exemplar, Family, MetricStore } from './metric-store.ts'

export type ExpositionFormat = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** All metrics in the Prometheus text format 0.0.4, or in OpenMetrics 1.0. */
export function exposition({ families }: MetricStore, format: ExpositionFormat): string {
  const lines: string[] = []
  for (const family of [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1)))
    writeFamily(lines, family, format)
  if (format === 'openmetrics') lines.push('# EOF')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function writeFamily(lines: string[], { name, type, help, series }: Family, format: ExpositionFormat): void {
  // In OpenMetrics a family is named without what its kind of sample appends.
  const isInfo = name === 'target_info'
  const family = format === 'openmetrics' ? (isInfo ? 'target' : name.replace(/_total$/, '')) : name
  if (help !== '') lines.push(`# HELP ${family} ${escapeHelp(help, format)}`)
  lines.push(`# TYPE ${family} ${format === 'openmetrics' && isInfo ? 'info' : type}`)
  for (const [labels, { point, exemplars }] of series) {
    // Only OpenMetrics has exemplars, behind counters and buckets.
    const shown = format === 'openmetrics' ? exemplars : []
    if (typeof point === 'number')
      lines.push(`${name}${braces(labels)} ${number(point)}${type === 'counter' ? exemplarText(shown[0]) : ''}`)
    else if (type === 'histogram') writeHistogram(lines, name, labels, point, shown)
    else writeSummary(lines, name, labels, point)
  }
}

function writeHistogram(
  lines: string[],
  name: string,
  labels: string,
  { count, sum, bounds, values }: Distribution,
  exemplars: readonly Exemplar[],
): void {
  let below = 0
  let lower = -Infinity
  const bucket = (upper: number, counted: number): void => {
    const exemplar = exemplars.find(({ value }) => value > lower && value <= upper)
    const le = `le="${number(upper)}"`
    lines.push(`${name}_bucket${braces(labels, le)} ${number(counted)}${exemplarText(exemplar)}`)
    lower = upper
  }
  bounds.forEach((bound, index) => {
    below += values[index] ?? 0
    bucket(bound, below)
  })
  bucket(Infinity, count)
  lines.push(`${name}_sum${braces(labels)} ${number(sum)}`, `${name}_count${braces(labels)} ${number(count)}`)
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return ''
  const { value, timeMs, traceId, spanId } = exemplar
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${number(value)} ${timeMs / 1000}`
}

function writeSummary(
  lines: string[],
  name: string,
  labels: string,
  { count, sum, bounds, values }: Distribution,
): void {
  bounds.forEach((quantile, index) => {
    lines.push(`${name}${braces(labels, `quantile="${number(quantile)}"`)} ${number(values[index] ?? 0)}`)
  })
  lines.push(`${name}_sum${braces(labels)} ${number(sum)}`, `${name}_count${braces(labels)} ${number(count)}`)
}

const braces = (labels: string, last = ''): string => {
  const all = labels === '' || last === '' ? labels + last : `${labels},${last}`
  return all === '' ? '' : `{${all}}`
}

function escapeHelp(text: string, format: ExpositionFormat): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
