import type { AskingHeaders } from '../../authenticators.ts'
import { isLoopback } from '../../loopback.ts'
import { listenerAddress } from './listener-config.ts'
import { CODE_PERMISSION_DENIED } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

/**
 * Keeps web pages out of a listener on loopback: one that makes its own name point at this machine (DNS rebinding) still sends that name as the host, and
 * a page sends its origin. Listeners on other addresses are open by intention.
 */
export class PageGuard {
  readonly #isOn: boolean
  readonly #names: ReadonlySet<string>
  readonly #refuse: Refusal
  /** Clients hardly change it. */
  #lastOurs = ''

  constructor({ endpoint, transport, allowed_hosts }: GuardedConfig) {
    const { path, host } = listenerAddress({ endpoint, transport })
    this.#isOn = path === undefined && isLoopback(host) && !allowed_hosts.includes('*')
    this.#names = new Set(allowed_hosts.map((name) => name.toLowerCase()))
    const message = 'this host or origin is not for a listener on loopback (allowed_hosts, cors.allowed_origins)'
    this.#refuse = { code: CODE_PERMISSION_DENIED, httpStatus: 403, message }
  }

  /** Undefined when the request may pass. `isAllowedOrigin`: CORS knows its origin. */
  refusal({ host, origin }: AskingHeaders, isAllowedOrigin: boolean): Refusal | undefined {
    if (!this.#isOn) return undefined
    if (origin !== undefined && !isAllowedOrigin) return this.#refuse
    return typeof host === 'string' && this.#isOurs(host) ? undefined : this.#refuse
  }

  #isOurs(host: string): boolean {
    if (host === this.#lastOurs) return true
    const name = host
      .toLowerCase()
      .replace(/:\d{1,5}$/, '')
      .replace(/^\[|\]$/g, '')
    if (!isLoopback(name) && !this.#names.has(name)) return false
    this.#lastOurs = host
    return true
  }
}

interface GuardedConfig {
  readonly endpoint: string
  readonly transport: string
  readonly allowed_hosts: readonly string[]
}
