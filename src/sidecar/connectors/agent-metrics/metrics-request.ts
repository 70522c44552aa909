import {
  ATTR_OTEL_METRIC_OVERFLOW,
  ATTR_SERVICE_INSTANCE_ID,
  METRIC_AGENT_ERROR_RATE,
  METRIC_AGENT_HEARTBEAT_TIMESTAMP,
  METRICS,
  type MetricDefinition,
  SCHEMA_URL,
} from '../../../conventions.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { IDS_BYTES } from './exemplars.ts'
import type { LabelValues } from './label-values.ts'
import { ABSENT } from './label-values.ts'
import type { Series } from './series.ts'
import { serviceInstanceId } from './service-instance-id.ts'
import { SERVICE_ATTRIBUTES, type Service } from './services.ts'

/** Everything an export of the metrics needs. Times are Unix ms. */
export interface Export {
  readonly services: readonly Service[]
  readonly series: readonly Series[]
  readonly labels: LabelValues
  readonly instanceId: string
  readonly scope: { readonly name: string; readonly version: string }
  readonly nowMs: number
  /** Counters and histograms since the last export, those only in which something was recorded; else since the start of the series, all. */
  readonly isDelta: boolean
  /** Series that are over: a last point without a value says so. */
  readonly expired: ReadonlySet<Series>
}

/** Protobuf bytes of an ExportMetricsServiceRequest. */
export function metricsRequest(snapshot: Export): Buffer {
  const writer = new ProtobufWriter()
  for (const service of snapshot.services) {
    if (!service.isAgent) continue
    writer.message(1, () => {
      writer.message(1, () => writeResource(writer, service, snapshot.instanceId))
      writer.message(2, () => {
        writer.message(1, () => writer.string(1, snapshot.scope.name).string(2, snapshot.scope.version))
        const own = [...snapshot.series, ...snapshot.expired].filter(
          (series) => series.service === service.index && isSent(series, snapshot),
        )
        for (const [metric, series] of Map.groupBy(own, ({ metric }) => metric))
          writeMetric(writer, metric, series, snapshot)
        writeHeartbeat(writer, service, snapshot)
      })
      writer.string(3, SCHEMA_URL)
    })
  }
  return writer.finish()
}

const DELTA = 1
const CUMULATIVE = 2
const NO_RECORDED_VALUE = 1

const isSent = ({ metric, isTouched }: Series, { isDelta }: Export): boolean =>
  !isDelta || isTouched || metric.instrument === 'gauge'

function writeResource(writer: ProtobufWriter, service: Service, instanceId: string): void {
  SERVICE_ATTRIBUTES.forEach((key, index) => {
    const value = service.values[index] ?? ''
    if (value !== '') writer.keyValue(1, key, value)
  })
  const [, , version = '', environment = ''] = service.values
  writer.keyValue(1, ATTR_SERVICE_INSTANCE_ID, serviceInstanceId(instanceId, version, environment))
}

function writeMetric(
  writer: ProtobufWriter,
  metric: MetricDefinition,
  series: readonly Series[],
  snapshot: Export,
): void {
  const temporality = snapshot.isDelta ? DELTA : CUMULATIVE
  writer.message(2, () => {
    writer.string(1, metric.name).string(2, metric.description).string(3, metric.unit)
    if (metric.instrument === 'gauge') {
      writer.message(5, () => series.forEach((one) => writeNumberPoint(writer, one, snapshot)))
    } else if (metric.instrument === 'histogram') {
      writer.message(9, () => {
        series.forEach((one) => writeHistogramPoint(writer, one, snapshot))
        writer.varint(2, temporality)
      })
    } else {
      writer.message(7, () => {
        series.forEach((one) => writeNumberPoint(writer, one, snapshot))
        writer.varint(2, temporality).varint(3, 1)
      })
    }
  })
}

function writeNumberPoint(writer: ProtobufWriter, series: Series, snapshot: Export): void {
  const { metric } = series
  writer.message(1, () => {
    if (metric.instrument !== 'gauge') writer.fixed64(2, nanoseconds(series.startMs))
    writer.fixed64(3, nanoseconds(snapshot.nowMs))
    writeLabels(writer, 7, series, snapshot.labels)
    if (snapshot.expired.has(series)) return void writer.varint(8, NO_RECORDED_VALUE)
    const value = metric.name === METRIC_AGENT_ERROR_RATE ? (series.window?.rate(snapshot.nowMs) ?? 0) : series.value
    if (metric.value === 'int') writer.fixed64(6, BigInt(Math.min(Math.round(value), Number.MAX_SAFE_INTEGER)))
    else writer.double(4, value)
    writeExemplars(writer, 5, series)
  })
}

function writeHistogramPoint(writer: ProtobufWriter, series: Series, snapshot: Export): void {
  writer.message(1, () => {
    writer.fixed64(2, nanoseconds(series.startMs)).fixed64(3, nanoseconds(snapshot.nowMs))
    writeLabels(writer, 9, series, snapshot.labels)
    if (snapshot.expired.has(series)) return void writer.varint(10, NO_RECORDED_VALUE)
    writer.fixed64(4, BigInt(series.count)).double(5, series.value)
    writer.packedFixed64(6, Array.from(series.buckets, BigInt))
    writer.packedDouble(7, series.metric.boundaries)
    writeExemplars(writer, 8, series)
  })
}

function writeExemplars(writer: ProtobufWriter, field: number, { exemplars }: Series): void {
  exemplars?.times.forEach((timeMs, place) => {
    if (timeMs === 0) return
    const ids = exemplars.ids.subarray(place * IDS_BYTES, (place + 1) * IDS_BYTES)
    writer.message(field, () => {
      writer.fixed64(2, nanoseconds(timeMs)).double(3, exemplars.values[place] ?? 0)
      writer.bytes(4, ids.subarray(16)).bytes(5, ids.subarray(0, 16))
    })
  })
}

function writeLabels(writer: ProtobufWriter, field: number, series: Series, labels: LabelValues): void {
  if (series.labels === undefined) return void writer.keyValue(field, ATTR_OTEL_METRIC_OVERFLOW, true)
  series.labels.forEach((id, index) => {
    const key = series.metric.attributes[index]
    if (id !== ABSENT && key !== undefined) writer.keyValue(field, key, labels.text(id))
  })
}

function writeHeartbeat(writer: ProtobufWriter, service: Service, snapshot: Export): void {
  const metric = METRICS[METRIC_AGENT_HEARTBEAT_TIMESTAMP]
  if (metric === undefined) return
  writer.message(2, () => {
    writer.string(1, metric.name).string(2, metric.description).string(3, metric.unit)
    writer.message(5, () =>
      writer.message(1, () => writer.fixed64(3, nanoseconds(snapshot.nowMs)).double(4, service.heartbeatMs / 1_000)),
    )
  })
}

const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n
