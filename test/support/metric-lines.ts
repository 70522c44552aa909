import { decodeOtlpProtobuf } from './otlp-proto.ts'

/**
 * The data points of an ExportMetricsServiceRequest as sorted lines: `name{key=value,…} value`; of a histogram
 * `count/sum` and the bucket counts that are not 0 as `≤bound:count`. Behind `resource ` stands each resource.
 */
export function metricLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  const { resourceMetrics = [] } = decodeOtlpProtobuf('metrics', bytes) as MetricsRequest
  for (const { resource, scopeMetrics } of resourceMetrics) {
    lines.push(`resource ${attributeText(resource?.attributes)}`)
    for (const metric of scopeMetrics?.flatMap(({ metrics = [] }) => metrics) ?? []) {
      for (const point of metric.gauge?.dataPoints ?? metric.sum?.dataPoints ?? [])
        lines.push(`${metric.name}${attributeText(point.attributes)} ${point.asInt ?? point.asDouble ?? 0}`)
      for (const point of metric.histogram?.dataPoints ?? [])
        lines.push(`${metric.name}${attributeText(point.attributes)} ${histogramText(point)}`)
    }
  }
  return lines.sort()
}

interface MetricsRequest {
  resourceMetrics?: {
    resource?: { attributes?: KeyValue[] }
    scopeMetrics?: { metrics?: Metric[] }[]
  }[]
}
interface Metric {
  name: string
  gauge?: { dataPoints?: NumberPoint[] }
  sum?: { dataPoints?: NumberPoint[] }
  histogram?: { dataPoints?: HistogramPoint[] }
}
interface KeyValue {
  key: string
  value?: Record<string, unknown>
}
interface NumberPoint {
  attributes?: KeyValue[]
  asInt?: string
  asDouble?: number
}
interface HistogramPoint {
  attributes?: KeyValue[]
  count?: string
  sum?: number
  bucketCounts?: string[]
  explicitBounds?: number[]
}

const attributeText = (attributes: readonly KeyValue[] = []): string =>
  `{${attributes.map(({ key, value = {} }) => `${key}=${String(Object.values(value)[0])}`).join(',')}}`

function histogramText({ count = '0', sum = 0, bucketCounts = [], explicitBounds = [] }: HistogramPoint): string {
  const filled = bucketCounts.flatMap((n, index) => (n === '0' ? [] : [`≤${explicitBounds[index] ?? '∞'}:${n}`]))
  return `${count}/${Number(sum.toFixed(9))} ${filled.join(' ')}`
}
