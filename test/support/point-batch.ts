import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'

/** A data point as a test writes it. Times are Unix milliseconds. */
export interface TestPoint {
  metric: string
  kind?: 'gauge' | 'sum' | 'histogram'
  /** Delta when false. */
  cumulative?: boolean
  value: number
  /** Of a histogram. */
  buckets?: readonly number[]
  bounds?: readonly number[]
  max?: number
  timeMs: number
  startMs?: number
  attributes?: Readonly<Record<string, string>>
}

/** Protobuf bytes of an ExportMetricsServiceRequest. */
export function pointBatch(points: readonly TestPoint[], instance = 'instance-1'): Buffer {
  const writer = new ProtobufWriter()
  return writer
    .message(1, () => {
      writer.message(1, () => writer.keyValue(1, 'service.name', 'test').keyValue(1, 'service.instance.id', instance))
      writer.message(2, () => {
        for (const point of points) writer.message(2, () => writeMetric(writer, point))
      })
    })
    .finish()
}

function writeMetric(writer: ProtobufWriter, point: TestPoint): void {
  const { kind = 'sum', cumulative = true } = point
  writer.string(1, point.metric)
  writer.message(kind === 'gauge' ? 5 : kind === 'sum' ? 7 : 9, () => {
    writer.message(1, () => (kind === 'histogram' ? writeHistogram(writer, point) : writeNumber(writer, point)))
    if (kind !== 'gauge') writer.varint(2, cumulative ? 2 : 1)
  })
}

function writeTimes(writer: ProtobufWriter, { startMs = 0, timeMs }: TestPoint): void {
  writer.fixed64(2, BigInt(Math.round(startMs * 1000)) * 1000n).fixed64(3, BigInt(Math.round(timeMs * 1000)) * 1000n)
}

function writeNumber(writer: ProtobufWriter, point: TestPoint): void {
  writeTimes(writer, point)
  if (Number.isInteger(point.value)) writer.fixed64(6, BigInt(point.value))
  else writer.double(4, point.value)
  for (const [key, value] of Object.entries(point.attributes ?? {})) writer.keyValue(7, key, value)
}

function writeHistogram(writer: ProtobufWriter, point: TestPoint): void {
  const { buckets = [], bounds = [], attributes = {}, max } = point
  writeTimes(writer, point)
  writer.fixed64(4, BigInt(buckets.reduce((sum, count) => sum + count, 0))).double(5, point.value)
  writer.packedFixed64(6, buckets.map(BigInt)).packedDouble(7, bounds)
  if (max !== undefined) writer.double(12, max)
  for (const [key, value] of Object.entries(attributes)) writer.keyValue(9, key, value)
}
