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
  /** It has shown that it is an agent, and not just something that sends OTLP here. */
  isAgent: boolean
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

/** The services seen, at most `servicesMax`. A further one takes the place of one that has shown no agent; without such a one it shares one named `_OTHER`, and is counted. */
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
  find(reader: SpanReader, resource: number): FoundService {
    reader.readResource(resource)
    const values = IDS.map((id) => reader.text(id) ?? '')
    const key = values.join('\0')
    const known = this.#byKey.get(key)
    const job = jobOf({ values })
    if (known !== undefined) return { service: known, job }
    if (this.#byKey.size < this.#servicesMax) return { service: this.#add(key, values), job }
    const idle = this.all.find((one) => !one.isAgent && one.values[1] !== OTHER)
    if (idle !== undefined) return { service: this.#replace(idle, key, values), job, isReplaced: true }
    this.#onRefused()
    return { service: this.#byKey.get(OTHER) ?? this.#add(OTHER, ['', OTHER, '', '']), job }
  }

  /** One of an earlier process, in its order. Beyond the limit it is merged with the others there. */
  restore({ values, isAgent, hasAgents, heartbeatMs }: Omit<Service, 'index'>): Service {
    const key = values.join('\0')
    const isRefused = this.#byKey.size >= this.#servicesMax
    const known = this.#byKey.get(isRefused ? OTHER : key)
    const service = known ?? (isRefused ? this.#add(OTHER, ['', OTHER, '', '']) : this.#add(key, values))
    service.isAgent ||= isAgent
    service.hasAgents ||= hasAgents
    service.heartbeatMs = Math.max(service.heartbeatMs, heartbeatMs)
    return service
  }

  #add(key: string, values: readonly string[]): Service {
    return this.#set(key, { index: this.all.length, values, isAgent: false, hasAgents: false, heartbeatMs: 0 })
  }

  #replace({ index, values: old }: Service, key: string, values: readonly string[]): Service {
    this.#byKey.delete(old.join('\0'))
    return this.#set(key, { index, values, isAgent: false, hasAgents: false, heartbeatMs: 0 })
  }

  #set(key: string, service: Service): Service {
    this.all[service.index] = service
    this.#byKey.set(key, service)
    return service
  }
}

interface FoundService {
  readonly service: Service
  readonly job: string
  /** Its index was that of another, of which nothing was recorded. */
  readonly isReplaced?: boolean
}

const IDS = SERVICE_ATTRIBUTES.map(wireId)
const OTHER = '_OTHER'
