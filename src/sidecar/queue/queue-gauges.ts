import type { ComponentContext, Signal } from '../component.ts'
import { circuitNumbers } from './circuit.ts'
import type { Circuit } from './circuit.ts'

export interface QueueReadings {
  size(): number
  sizeMax(): number
  bytes(): number
  underWay(): number
  circuitState(): Circuit['state']
  oldestMs(): number | undefined
}

/** What a queue shows of itself, with the stock collector's names where it has one. */
export function addQueueGauges(
  { metrics, id, clock }: Pick<ComponentContext, 'id' | 'metrics' | 'clock'>,
  signal: Signal,
  readings: QueueReadings,
): void {
  const labels = { exporter: id, data_type: signal }
  const gauge = (name: string, text: string, read: () => number): void => metrics.gauge(name, text, labels, read)
  const { size, sizeMax, bytes, underWay, circuitState, oldestMs } = readings
  gauge('otelcol_exporter_queue_size', 'What the queue holds, in the unit of its sizer.', size)
  gauge('otelcol_exporter_queue_capacity', 'What it can hold, in the unit of its sizer.', sizeMax)
  gauge('otelcol_exporter_queue_bytes', 'Bytes that the queue holds.', bytes)
  gauge('otelcol_exporter_in_flight_requests', 'Requests under way or waiting for a retry.', underWay)
  gauge(
    'spanwarden_exporter_circuit_state',
    'Whether the backend answers: 0 it does, 1 it is being tried, 2 it does not.',
    () => circuitNumbers[circuitState()],
  )
  gauge(
    'spanwarden_exporter_queue_oldest_seconds',
    'How long that has waited which has waited longest and is not with the backend, also while it is tried again.',
    () => Math.max(0, clock.now() - (oldestMs() ?? Infinity)) / 1000,
  )
}
