import { EventStreamCodec } from '@smithy/core/event-streams'
import { fromUtf8, toUtf8 } from '@smithy/core/serde'
import type { ModelAnswer } from './model-server.ts'

/** An AWS event stream: one frame for each event, `[type, body]`. A type that ends in `Exception` is one. */
export const awsEvents = (
  events: readonly (readonly [type: string, body: unknown])[],
  ending: ModelAnswer['ending'] = 'end',
): ModelAnswer => ({
  headers: { 'content-type': 'application/vnd.amazon.eventstream' },
  writes: events.map(([type, body]) => frame(type, body)),
  ending,
})

/** A model's own event, as InvokeModelWithResponseStream wraps it. */
export const chunkEvent = (event: unknown): readonly [string, unknown] => [
  'chunk',
  { bytes: Buffer.from(JSON.stringify(event)).toString('base64') },
]

const codec = new EventStreamCodec(toUtf8, fromUtf8)

function frame(type: string, body: unknown): Uint8Array {
  const kind = type.endsWith('Exception') ? 'exception' : 'event'
  const text = (value: string) => ({ type: 'string' as const, value })
  return codec.encode({
    headers: {
      ':message-type': text(kind),
      [`:${kind}-type`]: text(type),
      ':content-type': text('application/json'),
    },
    body: fromUtf8(JSON.stringify(body)),
  })
}
