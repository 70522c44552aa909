import { hostAndPort } from './config-types.ts'
import type { ServiceConfig } from './config/service-config.ts'
import { ControlServer } from './control-server.ts'
import { OwnMetricsServer } from './own-metrics-server.ts'
import type { OwnMetricsRegistry } from './own-metrics.ts'
import { Part } from './part.ts'
import type { Running } from './part.ts'

export interface ServersContext {
  readonly metrics: OwnMetricsRegistry
  /** The own metrics of all processes. */
  render(): Promise<string>
  /** False in a worker. */
  readonly isListening: boolean
}

/** What a sidecar listens with for itself. Named by their keys. */
export class CollectorServers {
  readonly control: Part<ControlServer>
  readonly #isListening: boolean
  readonly #ownMetrics: Part<OwnMetricsServer> | undefined

  /** Those of `before` where the address is the same. */
  constructor(
    { http, telemetry }: ServiceConfig,
    { metrics, render, isListening }: ServersContext,
    before?: CollectorServers,
  ) {
    this.#isListening = isListening
    this.control = sameOrNew(
      before?.control,
      'service.http.endpoint',
      http.endpoint,
      () => new ControlServer(hostAndPort(http.endpoint)),
    )
    const { level, address } = telemetry.metrics
    if (level === 'none') return
    this.#ownMetrics = sameOrNew(
      before?.ownMetrics,
      'service.telemetry.metrics.address',
      address,
      () => new OwnMetricsServer(render, hostAndPort(address)),
    )

    function sameOrNew<T extends Running>(
      known: Part<T> | undefined,
      id: string,
      source: unknown,
      create: () => T,
    ): Part<T> {
      return known?.isMadeOf(source) === true ? known : new Part(id, source, metrics.scoped(), create)
    }
  }

  /** Undefined when the level is `none`. */
  get ownMetrics(): Part<OwnMetricsServer> | undefined {
    return this.#ownMetrics
  }

  get parts(): readonly (Part<ControlServer> | Part<OwnMetricsServer>)[] {
    if (!this.#isListening) return []
    return this.#ownMetrics === undefined ? [this.control] : [this.#ownMetrics, this.control]
  }
}
