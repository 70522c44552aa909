import { hostAndPort } from '../sidecar/config-types.ts'
import { httpUrl } from '../sidecar/loopback.ts'
import type { Program } from './program.ts'

const PROBE_TIMEOUT_MS = 1000

export interface FoundSidecar {
  readonly url: string
  readonly listening: Readonly<Record<string, string>>
}

/** The sidecar that answers at this control endpoint, whoever started it. */
export async function findSidecar(endpoint: string, { name }: Program): Promise<FoundSidecar | undefined> {
  const { host, port } = hostAndPort(endpoint)
  if (port === 0) return undefined
  const url = httpUrl(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port)
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    const health: unknown = await response.json()
    return isHealth(health) && health.program === name ? { url, listening: health.listening } : undefined
  } catch {
    return undefined
  }
}

/** Whether that sidecar keeps agents inside limits. */
export async function hasLimits({ url }: FoundSidecar): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/guard`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })).ok
  } catch {
    return false
  }
}

const isHealth = (value: unknown): value is { program: string; listening: FoundSidecar['listening'] } =>
  typeof value === 'object' && value !== null && 'program' in value && 'listening' in value
