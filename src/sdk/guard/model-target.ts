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
  /** It costs nothing: nothing but a stop holds for it. */
  readonly isFree: boolean
}

/**
 * Undefined for a request that has nothing to do with models. To a known provider's host all have; elsewhere what has the path of a model's API and is part of an observed call.
 * `hosts`: taken for known providers.
 */
export function modelTarget(method: string, address: string, hosts: readonly string[]): ModelTarget | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  const { origin, pathname, search } = url
  const [host, hostname] = [undotted(url.host), undotted(url.hostname)]
  const { provider } = endpointOf(origin)
  const isKnown = provider !== undefined || hosts.includes(host) || hosts.includes(hostname)
  const isFree = isFreeMethod(method) || isFreePath(pathname)
  // AWS has all its services below one domain.
  const isOnlyModels = isKnown && !(hostname.endsWith('.amazonaws.com') && !hostname.startsWith('bedrock'))
  const isModel = !isFree && wireFormatOf(pathname) !== undefined && (isKnown || ambientOf().modelCall?.over === false)
  return isOnlyModels || isModel ? { path: pathname + search, provider, isFree } : undefined
}

/** Of one request that can be taken to go to several places, by its connection, its `Host` and its path: the one for which most limits hold. */
export function strictestTarget(
  method: string,
  addresses: Iterable<string>,
  hosts: readonly string[],
): ModelTarget | undefined {
  let free: ModelTarget | undefined
  for (const address of addresses) {
    const target = modelTarget(method, address, hosts)
    if (target?.isFree === false) return target
    free ??= target
  }
  return free
}

/** What only reads, deletes or opens a tunnel calls no model, whatever its path. */
export const isFreeMethod = (method: string): boolean => FREE_METHODS.has(method.toUpperCase())

const FREE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'CONNECT'])

/** A name with a dot behind it (`api.openai.com.`) is the same host. */
const undotted = (host: string): string => host.replace(/\.(?=$|:)/, '')

/** By scheme and hosts, and by a path that may be a whole URL: a proxy is asked that way, and others take it for a path of their own. */
export function addressesOf(origins: Iterable<string>, path: string): Set<string> {
  const isUrl = /^https?:/i.test(path) && URL.canParse(path)
  // Without its slash it would become a part of the host's name.
  const { pathname, search } = isUrl ? new URL(path) : { pathname: path.replace(/^(?!\/)/, '/'), search: '' }
  const addresses = new Set(isUrl ? [path] : [])
  for (const origin of origins) addresses.add(origin + pathname + search)
  return addresses
}

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
