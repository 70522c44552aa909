import { createHash } from 'node:crypto'
import { protobufToJson } from '../../../otlp/protobuf-to-json.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { itemFields } from '../../../otlp/split.ts'
import { splitByTrace } from '../../../otlp/split-by-trace.ts'
import { OtlpView } from '../../../otlp/view.ts'
import type { Signal } from '../../component.ts'

export interface KafkaMessage {
  readonly key: Buffer | undefined
  /** A request of OTLP, in memory of its own. */
  readonly value: Buffer
  readonly items: number
}

export type Partitioning = 'whole' | 'trace' | 'resource'

/** The messages of a batch may take so many bytes in sum, or so many times what the batch takes: resources and scopes stand in each. */
const SUM_BYTES_MIN = 16 * 1024 * 1024
const GROWTH_MAX = 4

/** The messages of one batch, without their encoding. Undefined when they would take too many bytes. Throws OtlpError when the bytes are no request. */
export function messagesOf(
  batch: { readonly signal: Signal; readonly bytes: Buffer; readonly items: number },
  partitioning: Partitioning,
  encoding: 'otlp_proto' | 'otlp_json',
): KafkaMessage[] | undefined {
  const messages = partsOf(batch, partitioning)
  if (encoding === 'otlp_proto') return messages?.map((message) => ({ ...message, value: Buffer.from(message.value) }))
  return messages?.map((message) => ({ ...message, value: Buffer.from(protobufToJson(batch.signal, message.value)) }))
}

function partsOf(
  { signal, bytes, items }: { readonly signal: Signal; readonly bytes: Buffer; readonly items: number },
  partitioning: Partitioning,
): KafkaMessage[] | undefined {
  if (partitioning === 'whole') return [{ key: undefined, value: bytes, items }]
  const view = new OtlpView(signal, bytes)
  try {
    if (partitioning === 'resource') return partsByResource(view)
    const parts = splitByTrace(view, Math.max(SUM_BYTES_MIN, bytes.length * GROWTH_MAX))
    return parts?.map(({ traceId, bytes: value, items: own }) => ({
      key: traceId === '' ? undefined : Buffer.from(Buffer.from(traceId, 'latin1').toString('hex')),
      value,
      items: own,
    }))
  } finally {
    view.release()
  }
}

/** What is grouped by resource is repeated in a request, so equal ones stand one behind the other. */
function partsByResource(view: OtlpView): KafkaMessage[] {
  const byKey = new Map<string, { slices: Buffer[]; items: number }>()
  for (let n = view.first(0); n < view.next(0); n = view.next(n)) {
    const key = resourceKey(view, n)
    const part = byKey.get(key) ?? { slices: [], items: 0 }
    byKey.set(key, part)
    part.slices.push(view.bytes.subarray(view.start(n), view.end(n)))
    for (let inner = n + 1; inner < view.next(n); inner++) if (itemFields.has(view.field(inner))) part.items += 1
  }
  return [...byKey].map(([key, { slices, items }]) => ({ key: Buffer.from(key), value: Buffer.concat(slices), items }))
}

/** 32 hex digits that are the same for the same attributes in any order. */
function resourceKey(view: OtlpView, group: number): string {
  const attributes: string[] = []
  for (let c = view.first(group); c < view.next(group); c = view.next(c)) {
    if (!RESOURCE.has(view.field(c))) continue
    for (let a = view.first(c); a < view.next(c); a = view.next(a))
      if (view.field(a) === ATTRIBUTES) attributes.push(view.bytes.toString('latin1', view.body(a), view.end(a)))
  }
  const hash = createHash('sha256')
  for (const attribute of attributes.toSorted()) hash.update(`${attribute.length}:`).update(attribute, 'latin1')
  return hash.digest('hex').slice(0, 32)
}

const ATTRIBUTES = fieldId('Resource', 'attributes')
const RESOURCE = new Set(['ResourceSpans', 'ResourceMetrics', 'ResourceLogs'].map((name) => fieldId(name, 'resource')))
