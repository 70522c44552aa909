import {
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
} from '../../../conventions.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'

/** The agent that spans come from. Its processes share one: counters go on through restarts and short runs. */
export interface Service {
  readonly index: number
  /** Resource attributes that its metrics carry, in the order of SERVICE_ATTRIBUTES; '' = absent. */
  readonly values: readonly string[]
  /** It has shown an invoke_agent span, so a root span without one is no request. */
  hasAgents: boolean
  /** When its newest spans came, Unix ms. */
  heartbeatMs: number
}

/** As Prometheus has it in `job`: all versions and environments of an agent. */
export const jobOf = ({ values: [namespace = '', name = ''] }: Pick<Service, 'values'>): string =>
  namespace === '' ? name : `${namespace}/${name}`

export const SERVICE_ATTRIBUTES = [
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
] as const

/** The services seen, at most `servicesMax`; further ones share one named `_OTHER`, and are counted. */
export class Services {
  readonly all: Service[] = []
  readonly #servicesMax: number
  readonly #onRefused: () => void
  readonly #byKey = new Map<string, Service>()

  constructor(servicesMax: number, onRefused: () => void) {
    this.#servicesMax = servicesMax
    this.#onRefused = onRefused
  }

  /** The service of a Resource node; -1 = none. Its own `job` also where it shares a service with others. */
  find(reader: SpanReader, resource: number): { readonly service: Service; readonly job: string } {
    reader.readResource(resource)
    const values = IDS.map((id) => reader.text(id) ?? '')
    const key = values.join('\0')
    const known = this.#byKey.get(key)
    const job = jobOf({ values })
    if (known !== undefined) return { service: known, job }
    if (this.#byKey.size < this.#servicesMax) return { service: this.#add(key, values), job }
    this.#onRefused()
    return { service: this.#byKey.get(OTHER) ?? this.#add(OTHER, ['', OTHER, '', '']), job }
  }

  /** One of an earlier process, in its order. Beyond the limit it is merged with the others there. */
  restore({ values, hasAgents, heartbeatMs }: Omit<Service, 'index'>): Service {
    const key = values.join('\0')
    const isRefused = this.#byKey.size >= this.#servicesMax
    const known = this.#byKey.get(isRefused ? OTHER : key)
    const service = known ?? (isRefused ? this.#add(OTHER, ['', OTHER, '', '']) : this.#add(key, values))
    service.hasAgents ||= hasAgents
    service.heartbeatMs = Math.max(service.heartbeatMs, heartbeatMs)
    return service
  }

  #add(key: string, values: readonly string[]): Service {
    const service: Service = { index: this.all.length, values, hasAgents: false, heartbeatMs: 0 }
    this.all.push(service)
    this.#byKey.set(key, service)
    return service
  }
}

const IDS = SERVICE_ATTRIBUTES.map(wireId)
const OTHER = '_OTHER'
