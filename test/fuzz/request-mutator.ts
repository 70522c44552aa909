import { ProtobufMutator } from './protobuf-mutator.ts'
import type { Random } from './random.ts'
import type { Seeds, Signal } from './seeds.ts'

const SIGNALS = ['traces', 'traces', 'metrics', 'logs'] as const

/** Inputs whose first byte says the signal and whose rest is a request of it. */
export class RequestMutator {
  readonly #mutators: Readonly<Record<Signal, ProtobufMutator>>

  constructor({ traces, metrics, logs }: Seeds['protobuf']) {
    this.#mutators = {
      traces: new ProtobufMutator(traces),
      metrics: new ProtobufMutator(metrics),
      logs: new ProtobufMutator(logs),
    }
  }

  mutate(random: Random): Buffer {
    const signal = random.below(SIGNALS.length)
    return Buffer.concat([Buffer.of(signal), this.#mutators[signalAt(signal)].mutate(random)])
  }
}

export const requestIn = (input: Buffer): { readonly signal: Signal; readonly bytes: Buffer } => ({
  signal: signalAt(input[0] ?? 0),
  bytes: input.subarray(1),
})

const signalAt = (byte: number): Signal => SIGNALS[byte % SIGNALS.length] ?? 'traces'
