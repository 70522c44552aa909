import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GuardClient } from '../../control/guard-client.ts'
import { CONTROL_SOCKET, GUARD_MARKER_FILE, parseGuardMarker } from '../../control/guard-marker.ts'
import { VERSION } from '../version.ts'
import { guardFetch } from './fetch-gate.ts'
import { Guard } from './guard.ts'
import { JournalFile } from './journal-file.ts'
import { guardNodeHttp } from './node-http-gate.ts'
import { ModelGate } from './model-gate.ts'
import { randomId } from './random-id.ts'
import { ToolGate } from './tool-gate.ts'
import type { ControlAddress } from '../../control/guard-client.ts'

/** What the environment says of limits. */
export interface GuardSettings {
  /** `auto`: as the sidecar's marker in the state folder says; none there: no guard. */
  readonly mode: 'auto' | 'enforce' | 'shadow' | 'off'
  /** Where agents and sidecar of this user meet. */
  readonly stateFolder: string | undefined
  /** `host:port` of a sidecar with which no socket can be shared. */
  readonly endpoint: string | undefined
  readonly token: string | undefined
  readonly tenant: string | undefined
}

export interface StartedGuard {
  readonly guard: Guard
  readonly models: ModelGate
  readonly tools: ToolGate
}

/**
 * Puts the guard before the calls of this process, where limits are configured. Undefined where they are not: then one file was looked for, and nothing is loaded or changed.
 * `hosts`: those of models beside the known providers'.
 */
export function startGuard(
  settings: GuardSettings,
  agent: string,
  hosts: readonly string[],
  fault: (where: string, error: unknown) => void,
): StartedGuard | undefined {
  const mode = modeOf(settings)
  if (mode === 'off') return undefined
  const { stateFolder = NOWHERE, tenant } = settings
  const id = randomId()
  const address = addressOf(settings, stateFolder)
  const identity = {
    process: id,
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin),
    agent: agent.slice(0, 256),
    ...(tenant === undefined ? {} : { tenant: tenant.slice(0, 256) }),
    version: VERSION,
  }
  const guard = new Guard({
    mode,
    agent: identity.agent,
    tenant: identity.tenant,
    place: 'path' in address ? address.path : `${address.host}:${address.port}`,
    connect: (events) => new GuardClient({ address, identity, ...events }),
    journal: () => new JournalFile(stateFolder, id),
    fault,
  })
  const models = new ModelGate(guard)
  globalThis.fetch = guardFetch(globalThis.fetch, models, hosts)
  guardNodeHttp(guard, hosts)
  guard.start()
  return { guard, models, tools: new ToolGate(guard) }
}

function modeOf({ mode, stateFolder, endpoint }: GuardSettings): 'enforce' | 'shadow' | 'off' {
  if (mode !== 'auto') return mode
  if (endpoint !== undefined) return 'enforce'
  if (stateFolder === undefined) return 'off'
  try {
    return parseGuardMarker(readFileSync(join(stateFolder, GUARD_MARKER_FILE), 'utf8')).mode
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'off' : 'enforce'
  }
}

function addressOf({ endpoint, token }: GuardSettings, stateFolder: string): ControlAddress {
  if (endpoint === undefined) return { path: join(stateFolder, CONTROL_SOCKET) }
  const colon = endpoint.lastIndexOf(':')
  return {
    host: endpoint.slice(0, colon).replaceAll(/^\[|\]$/g, ''),
    port: Number(endpoint.slice(colon + 1)),
    ...(token === undefined ? {} : { token }),
  }
}

/** No folder: nobody answers there, and everything is denied. */
const NOWHERE = '/dev/null'
