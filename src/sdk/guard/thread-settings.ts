import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'
import { fieldsOf, textOf } from '../instrumentation/fields.ts'
import type { GuardSettings } from './start-guard.ts'

/**
 * What holds in this thread, for the threads that it starts as well. A worker thread may be given any environment by the code that starts it, so it goes by what its parent goes by:
 * its own environment makes that stricter, never weaker.
 */
export function settingsOfThread(own: GuardSettings): GuardSettings {
  const parents = isMainThread ? undefined : parentsSettings(getEnvironmentData(KEY))
  const settings = parents === undefined ? own : stricterSettings(own, parents)
  setEnvironmentData(KEY, { ...settings })
  return settings
}

const KEY = 'spanwarden.guard'

export function stricterSettings(own: GuardSettings, parents: GuardSettings): GuardSettings {
  if (parents.mode === 'off') return own
  return {
    ...parents,
    mode: own.mode === 'enforce' ? 'enforce' : parents.mode,
    // A thread may work for one tenant.
    tenant: own.tenant ?? parents.tenant,
  }
}

function parentsSettings(handedOn: unknown): GuardSettings | undefined {
  const { mode: said, stateFolder, endpoint, token, tenant } = fieldsOf(handedOn)
  const mode = MODES.find((one) => one === said)
  if (mode === undefined) return undefined
  return {
    mode,
    stateFolder: textOf(stateFolder),
    endpoint: textOf(endpoint),
    token: textOf(token),
    tenant: textOf(tenant),
  }
}

const MODES = ['auto', 'enforce', 'shadow', 'off'] as const
