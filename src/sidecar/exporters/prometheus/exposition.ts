import type { Distribution, Family, MetricStore } from './metric-store.ts'

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
  for (const [labels, { point }] of series) {
    if (typeof point === 'number') lines.push(`${name}${braces(labels)} ${number(point)}`)
    else if (type === 'histogram') writeHistogram(lines, name, labels, point)
    else writeSummary(lines, name, labels, point)
  }
}

function writeHistogram(
  lines: string[],
  name: string,
  labels: string,
  { count, sum, bounds, values }: Distribution,
): void {
  let below = 0
  bounds.forEach((bound, index) => {
    below += values[index] ?? 0
    lines.push(`${name}_bucket${braces(labels, `le="${number(bound)}"`)} ${number(below)}`)
  })
  lines.push(`${name}_bucket${braces(labels, 'le="+Inf"')} ${number(count)}`)
  lines.push(`${name}_sum${braces(labels)} ${number(sum)}`, `${name}_count${braces(labels)} ${number(count)}`)
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
