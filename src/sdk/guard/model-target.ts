import { wireFormatOf } from '../../limits/call-bound/wire-formats.ts'
import { ambientOf } from '../context.ts'
import { endpointOf } from '../instrumentation/endpoint.ts'
import { isFreePath } from './free-paths.ts'
import type { GuardedAttempt } from '../context.ts'

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
  const url = new URL(address)
  const { origin, pathname, search } = url
  const [host, hostname] = [undotted(url.host), undotted(url.hostname)]
  if (isFreePath(pathname)) return undefined
  const { provider } = endpointOf(origin)
  const isKnown = provider !== undefined || hosts.includes(host) || hosts.includes(hostname)
  // AWS has all its services below one domain.
  const isOnlyModels = isKnown && !(hostname.endsWith('.amazonaws.com') && !hostname.startsWith('bedrock'))
  const isModel = wireFormatOf(pathname) !== undefined && (isKnown || ambientOf().modelCall?.over === false)
  return isOnlyModels || isModel ? { path: pathname + search, provider } : undefined
}

/** A name with a dot behind it (`api.openai.com.`) is the same host. */
const undotted = (host: string): string => host.replace(/\.(?=$|:)/, '')

/** Scheme and host, and a path that may be a whole URL: a proxy is asked that way. */
export const addressOf = (origin: string, path: string): string => (/^https?:/i.test(path) ? path : origin + path)

/** Whether a client library has asked before it called `fetch`, and this is its request. */
export function takeAdmitted(): boolean {
  const { admitted } = ambientOf()
  if (admitted?.attempt === undefined || admitted.isSent === true) return false
  admitted.attempt = undefined
  return true
}

/** What has asked for the request that is about to leave here. Each may leave once: another one is a repetition, or another call. */
export function takeSent(): { readonly attempt: GuardedAttempt | undefined } | undefined {
  const { admitted } = ambientOf()
  if (admitted === undefined || admitted.isSent === true) return undefined
  admitted.isSent = true
  return admitted
}
