import * as z from 'zod'
import type { ComponentDefinition } from '../component.ts'
import { duration } from '../config-types.ts'

/** A component of the stock collector that has nothing to do here: its keys are checked, it is left out of the pipelines, and a notice says what does its work. */
export interface LeftOut {
  readonly kind: ComponentDefinition['kind']
  readonly type: string
  readonly aliases?: readonly string[]
  readonly config: z.ZodType
  readonly notice: string
}

const count = z.int().min(0).optional()
const names = z.array(z.string()).nullish()
const batchKeys = z.strictObject({
  timeout: duration.optional(),
  send_batch_size: count,
  send_batch_max_size: count,
  metadata_keys: names,
  metadata_cardinality_limit: count,
})
const address = z.looseObject({})

/** A component of the list (components.ts) with the same name comes first. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    kind: 'processor',
    type: 'batch',
    config: batchKeys,
    notice:
      'left out: batches are made in the sending queue of each exporter, when they are on disk; its sizes and its timeout are those of sending_queue.batch there, unless an exporter has its own',
  },
  {
    kind: 'processor',
    type: 'queuebatch',
    config: z.looseObject({}),
    notice: 'left out: each exporter has a queue on disk of its own; what is set here has no effect, see sending_queue',
  },
  {
    kind: 'extension',
    type: 'health_check_v2',
    aliases: ['healthcheckv2'],
    config: address,
    notice:
      'left out: nothing listens at its addresses; use health_check, or point the probe at service.http.endpoint: /livez and /readyz (127.0.0.1:8080 by default)',
  },
  {
    kind: 'extension',
    type: 'zpages',
    config: address,
    notice: 'left out: the page (extension page) shows traces and errors, service.telemetry.metrics the rest',
  },
  {
    kind: 'extension',
    type: 'pprof',
    config: address,
    notice: 'left out: it profiles Go; start the sidecar with node --cpu-prof for a profile',
  },
  {
    kind: 'extension',
    type: 'cgroup_runtime',
    aliases: ['cgroupruntime'],
    config: address,
    notice: 'left out: it sets limits of the Go runtime; Node.js reads those of the container by itself',
  },
]

export const leftOut = (kind: ComponentDefinition['kind'], type: string): LeftOut | undefined =>
  LEFT_OUT.find((one) => one.kind === kind && (one.type === type || one.aliases?.includes(type)))
