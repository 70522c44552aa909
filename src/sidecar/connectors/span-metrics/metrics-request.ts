import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import type { ResourceMetrics } from './resource-table.ts'
import type { SeriesMap, SpanSeries } from './series.ts'

export interface SpanMetricsExport {
  readonly resources: Iterable<ResourceMetrics>
  /** Put before the names, with a dot. */
  readonly namespace: string
  readonly unit: 'ms' | 's'
  /** Undefined for exponential histograms. */
  readonly bounds: readonly number[] | undefined
  readonly hasHistogram: boolean
  readonly hasEvents: boolean
  readonly isDelta: boolean
  /** The first cumulative value of a counter is sent as 0. */
  readonly startsAtZero: boolean
  readonly nowMs: number
}

/** Protobuf bytes of an ExportMetricsServiceRequest, with the names of the stock connector. */
export function metricsRequest(options: SpanMetricsExport): Buffer {
  const { namespace, hasHistogram, hasEvents, unit } = options
  const nameOf = (name: string): string => (namespace === '' ? name : `${namespace}.${name}`)
  const writer = new ProtobufWriter()
  for (const { attributes, calls, durations, events } of options.resources) {
    writer.message(1, () => {
      writer.message(1, () => {
        for (const [key, value] of attributes) writer.keyValue(1, key, value)
      })
      writer.message(2, () => {
        writer.message(1, () => writer.string(1, 'spanmetricsconnector'))
        writeSum(writer, nameOf('calls'), calls, options)
        if (hasHistogram) writeHistogram(writer, nameOf('duration'), unit, durations, options)
        if (hasEvents) writeSum(writer, nameOf('events'), events, options)
      })
    })
  }
  return writer.finish()
}

function writeSum(writer: ProtobufWriter, name: string, series: SeriesMap, options: SpanMetricsExport): void {
  if (series.all.size === 0) return
  writer.message(2, () => {
    writer.string(1, name)
    writer.message(7, () => {
      for (const one of series.all.values())
        writer.message(1, () => {
          writeTimes(writer, one, options)
          const isZero = options.startsAtZero && one.isNew && !options.isDelta
          writer.fixed64(6, isZero ? 0n : BigInt(one.count))
          for (const [key, value] of one.labels) writer.keyValue(7, key, value)
          writeExemplars(writer, 5, one, options)
        })
      writer.varint(2, temporalityOf(options)).varint(3, 1)
    })
  })
}

function writeHistogram(
  writer: ProtobufWriter,
  name: string,
  unit: string,
  series: SeriesMap,
  options: SpanMetricsExport,
): void {
  if (series.all.size === 0) return
  const { bounds } = options
  writer.message(2, () => {
    writer.string(1, name).string(3, unit)
    writer.message(bounds === undefined ? 10 : 9, () => {
      for (const one of series.all.values())
        writer.message(1, () =>
          bounds === undefined ? writeExponential(writer, one, options) : writeExplicit(writer, one, bounds, options),
        )
      writer.varint(2, temporalityOf(options))
    })
  })
}

function writeExplicit(
  writer: ProtobufWriter,
  series: SpanSeries,
  bounds: readonly number[],
  options: SpanMetricsExport,
): void {
  writeTimes(writer, series, options)
  writer.fixed64(4, BigInt(series.count)).double(5, series.sum)
  writer.packedFixed64(6, series.buckets.map(BigInt)).packedDouble(7, bounds)
  for (const [key, value] of series.labels) writer.keyValue(9, key, value)
  writeExemplars(writer, 8, series, options)
}

function writeExponential(writer: ProtobufWriter, series: SpanSeries, options: SpanMetricsExport): void {
  const { exponential } = series
  for (const [key, value] of series.labels) writer.keyValue(1, key, value)
  writeTimes(writer, series, options)
  writer.fixed64(4, BigInt(series.count)).double(5, series.sum)
  if (exponential !== undefined) {
    const { scale, offset, counts, zeroCount, min, max } = exponential
    writer.varint(6, zigzag(scale)).fixed64(7, BigInt(zeroCount))
    writer.message(8, () => writer.varint(1, zigzag(offset)).packedVarint(2, counts))
    if (series.count > 0) writer.double(12, min).double(13, max)
  }
  writeExemplars(writer, 11, series, options)
}

function writeTimes(writer: ProtobufWriter, { startMs }: SpanSeries, { nowMs }: SpanMetricsExport): void {
  writer.fixed64(2, nanoseconds(startMs)).fixed64(3, nanoseconds(nowMs))
}

function writeExemplars(
  writer: ProtobufWriter,
  field: number,
  { exemplars }: SpanSeries,
  { nowMs }: SpanMetricsExport,
): void {
  for (const { traceId, spanId, value } of exemplars)
    writer.message(field, () =>
      writer
        .fixed64(2, nanoseconds(nowMs))
        .double(3, value)
        .bytes(4, Buffer.from(spanId, 'hex'))
        .bytes(5, Buffer.from(traceId, 'hex')),
    )
}

const temporalityOf = ({ isDelta }: SpanMetricsExport): number => (isDelta ? 1 : 2)
const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2)
const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n
