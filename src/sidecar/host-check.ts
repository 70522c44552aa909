import { isIP } from 'node:net'
import { isLoopback } from './loopback.ts'

/** Names that nobody can register: of a cluster, a container's host, a local network. */
const PRIVATE_ENDING = /\.(localhost|local|internal|svc)$/

/**
 * Says of the Host of a request whether it may be answered. A web page that points a name of its own at this machine (DNS rebinding) sends that name, so names that somebody could have
 * registered are answered when they are allowed only. A listener on loopback is called by addresses of loopback or localhost; another by any address, a name without a dot (a service of compose or
 * Kubernetes, a host) or a private one. `*` allows all.
 */
export function hostCheck(listensAt: string, allowedHosts: readonly string[]): (host: string | undefined) => boolean {
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()))
  if (allowed.has('*')) return () => true
  const isNear = isLoopback(listensAt) ? isLoopback : isPrivate
  return (host = '') => {
    const name = nameOf(host)
    return isNear(name) || allowed.has(name)
  }
}

const isPrivate = (name: string): boolean => isIP(name) !== 0 || !name.includes('.') || PRIVATE_ENDING.test(name)

/** Without the port, brackets and the dot of the root. */
const nameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
