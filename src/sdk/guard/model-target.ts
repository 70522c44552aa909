import { wireFormatOf } from '../../limits/call-bound/wire-formats.ts'
import { ambientOf } from '../context.ts'
import { endpointOf } from '../instrumentation/endpoint.ts'
import { isFreePath } from './free-paths.ts'

/** Where a request goes that may call a model. */
export interface ModelTarget {
  /** With the query. */
  readonly path: string
  /** `gen_ai.provider.name`, where the host tells. */
  readonly provider: string | undefined
}

/**
 * Undefined for a request that calls no model. Of a known provider everything that is not free does; elsewhere what has the path of a model's API and is part of an observed call.
 * `hosts`: taken for known providers.
 */
export function modelTarget(method: string, address: string, hosts: readonly string[]): ModelTarget | undefined {
  if (method.toUpperCase() !== 'POST' || !URL.canParse(address)) return undefined
  const { origin, host, hostname, pathname, search } = new URL(address)
  if (isFreePath(pathname)) return undefined
  const { provider } = endpointOf(origin)
  const isKnown = provider !== undefined || hosts.includes(host) || hosts.includes(hostname)
  // AWS has all its services below one domain.
  const isOnlyModels = isKnown && !(hostname.endsWith('.amazonaws.com') && !hostname.startsWith('bedrock'))
  const isModel = wireFormatOf(pathname) !== undefined && (isKnown || ambientOf().modelCall?.over === false)
  return isOnlyModels || isModel ? { path: pathname + search, provider } : undefined
}

/** Whether a client library has asked before it sent, and this is its request. */
export function takeAdmitted(): boolean {
  const { admitted } = ambientOf()
  if (admitted?.attempt === undefined) return false
  admitted.attempt = undefined
  return true
}
