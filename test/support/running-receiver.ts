import { authenticators } from '../../src/sidecar/authenticators.ts'
import type { Authenticator } from '../../src/sidecar/authenticators.ts'
import { PowerOfTwoPool } from '../../src/sidecar/buffer-pool.ts'
import type { Payload, Processor, ReceiverContext, RefusedError, Signal } from '../../src/sidecar/component.ts'
import type { Delivery } from '../../src/sidecar/delivery.ts'
import { OwnMetricsRegistry } from '../../src/sidecar/own-metrics.ts'
import { Pipeline } from '../../src/sidecar/pipeline.ts'
import type { Named } from '../../src/sidecar/pipeline.ts'
import { otlp } from '../../src/sidecar/receivers/otlp.ts'
import { spool } from '../../src/sidecar/receivers/spool.ts'
import { Router } from '../../src/sidecar/router.ts'
import { Services } from '../../src/sidecar/services.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { testContext } from './component-context.ts'

export interface RunningReceiver extends AsyncDisposable {
  readonly http: string
  readonly grpc: string
  /** What came through, copied. */
  readonly received: { signal: Signal; items: number; bytes: Buffer }[]
  readonly metrics: OwnMetricsRegistry
  /** Lines of the log: fields and message. */
  readonly logged: readonly string[]
  /** Refuses every batch from now on, or takes it again. */
  refuse(error: RefusedError | undefined): void
  /** Holds batches back until `resume`. */
  pause(): void
  resume(): void
  /** Batches that are held back. */
  readonly held: number
  stop(): Promise<void>
}

export interface RunningReceiverOptions {
  readonly http?: object
  readonly grpc?: object
  readonly maxInFlightMib?: number
  readonly signals?: readonly Signal[]
  /** Running extensions by id, for `auth`. */
  readonly authenticators?: Readonly<Record<string, Authenticator>>
  /** In front of the end; none by default. */
  readonly processors?: readonly Named<Processor>[]
  /** A receiver `spool` beside it: its state folder, its configuration, how far its clock is ahead. None by default. */
  readonly spool?: { readonly stateFolder: string; readonly config?: object; readonly aheadMs?: number }
}

/** The real receiver on free ports, in front of a pipeline without processors whose end a test controls. */
export async function startReceiver(options: RunningReceiverOptions = {}): Promise<RunningReceiver> {
  const metrics = new OwnMetricsRegistry()
  const buffers = new PowerOfTwoPool()
  const context = testContext('otlp')
  const { logger } = context
  const received: RunningReceiver['received'] = []
  let refusal: RefusedError | undefined
  let gate: PromiseWithResolvers<void> | undefined
  let held = 0
  const delivery = (signal: Signal): Delivery => ({
    exporterId: 'test',
    signal,
    itemsHeld: 0,
    checkRoom() {
      if (refusal !== undefined) throw refusal
    },
    async deliver({ bytes, items }: Payload) {
      held++
      await gate?.promise
      held--
      received.push({ signal, items, bytes: Buffer.from(bytes) })
    },
    drain: () => Promise.resolve(0),
  })
  const pipelines = (options.signals ?? (['traces', 'metrics', 'logs'] as const)).map(
    (signal) =>
      new Pipeline({
        id: signal,
        signal,
        processors: options.processors ?? [],
        connectors: [],
        deliveries: [delivery(signal)],
        buffers,
        metrics,
        logger,
      }),
  )
  const router = new Router('otlp', pipelines, metrics, 'receiver')
  const services = new Services((id) => ({ ...testContext(id), metrics }))
  for (const [id, authenticator] of Object.entries(options.authenticators ?? {})) {
    services.get(authenticators).set(id, authenticator)
  }
  const shared: ReceiverContext = {
    ...context,
    clock: systemClock,
    metrics,
    buffers,
    signals: router.signals,
    service: services.get.bind(services),
    checkAdmission: (signal) => router.checkAdmission(signal),
    consume: (signal, bytes, transport) => router.route(signal, bytes, { transport }),
  }
  const receiver = otlp.create(
    otlp.config.parse({
      protocols: {
        http: { endpoint: '127.0.0.1:0', ...options.http },
        grpc: { endpoint: '127.0.0.1:0', ...options.grpc },
      },
      ...(options.maxInFlightMib === undefined ? {} : { max_in_flight_mib: options.maxInFlightMib }),
    }),
    shared,
  )
  const spooled =
    options.spool === undefined
      ? undefined
      : spool.create(spool.config.parse({ poll_interval: '50ms', ...options.spool.config }), {
          ...shared,
          id: 'spool',
          stateFolder: options.spool.stateFolder,
          clock: { ...systemClock, now: () => systemClock.now() + (options.spool?.aheadMs ?? 0) },
        })
  await receiver.start()
  await spooled?.start()
  const stop = async (): Promise<void> => {
    await Promise.all([receiver.stop(), spooled?.stop()])
  }
  const { otlp_http = '', otlp_grpc = '' } = receiver.listening?.() ?? {}
  return {
    http: otlp_http,
    grpc: otlp_grpc,
    received,
    metrics,
    get logged() {
      return context.logged.map((line) => JSON.stringify(line))
    },
    refuse: (error) => void (refusal = error),
    pause: () => void (gate = Promise.withResolvers<void>()),
    resume: () => gate?.resolve(),
    get held() {
      return held
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
