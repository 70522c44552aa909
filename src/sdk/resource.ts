import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { SDK_INFO } from '@opentelemetry/core'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_PROCESS_RUNTIME_NAME,
  ATTR_PROCESS_RUNTIME_VERSION,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_TELEMETRY_DISTRO_NAME,
  ATTR_TELEMETRY_DISTRO_VERSION,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  ATTR_TELEMETRY_SDK_VERSION,
  TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
  TELEMETRY_SDK_NAME_VALUE_OPENTELEMETRY,
} from '../conventions.ts'
import { packageJsonOf } from './package-of.ts'
import type { Settings } from './settings.ts'
import { VERSION } from './version.ts'

/**
 * Who sends: service, instance, process, host. The command line is left out on purpose: it is where people put secrets.
 * What the user states wins over what is found.
 */
export function resourceAttributes(
  settings: Settings,
  mainScript: string | undefined,
): Record<string, string | number> {
  const found = mainScript === undefined ? {} : packageOf(mainScript)
  const version = settings.resourceAttributes[ATTR_SERVICE_VERSION] ?? found.version
  return {
    [ATTR_SERVICE_NAME]:
      found.name ??
      (mainScript === undefined ? 'unknown_service:node' : basename(mainScript).replace(/\.[cm]?[jt]s$/, '')),
    ...(version === undefined ? {} : { [ATTR_SERVICE_VERSION]: version }),
    ...detected(settings),
    ...(settings.detectors.has('env') ? settings.resourceAttributes : {}),
    ...(settings.serviceName === undefined ? {} : { [ATTR_SERVICE_NAME]: settings.serviceName }),
    [ATTR_TELEMETRY_SDK_NAME]: TELEMETRY_SDK_NAME_VALUE_OPENTELEMETRY,
    [ATTR_TELEMETRY_SDK_LANGUAGE]: TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS,
    [ATTR_TELEMETRY_SDK_VERSION]: SDK_INFO[ATTR_TELEMETRY_SDK_VERSION],
    [ATTR_TELEMETRY_DISTRO_NAME]: 'spanwarden',
    [ATTR_TELEMETRY_DISTRO_VERSION]: VERSION,
  }
}

const detected = ({ detectors }: Settings): Record<string, string | number> => ({
  ...(detectors.has('serviceinstance') ? { [ATTR_SERVICE_INSTANCE_ID]: instanceId() } : {}),
  ...(detectors.has('host') ? { [ATTR_HOST_NAME]: hostname() } : {}),
  ...(detectors.has('process')
    ? {
        [ATTR_PROCESS_PID]: process.pid,
        [ATTR_PROCESS_RUNTIME_NAME]: 'nodejs',
        [ATTR_PROCESS_RUNTIME_VERSION]: process.versions.node,
      }
    : {}),
})

/** A random UUID (version 4). It has to be unique, not secret: made like trace ids, without the 4 ms that node:crypto takes to load. */
function instanceId(): string {
  const digit = (): string => Math.floor(Math.random() * 16).toString(16)
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) =>
    place === 'x' ? digit() : '89ab'.charAt(Math.floor(Math.random() * 4)),
  )
}

/** Name and version in the nearest package.json above the main script; a nameless one (`{"type":"module"}`) is passed over. */
function packageOf(mainScript: string): { name?: string; version?: string } {
  let folder = dirname(mainScript)
  for (let level = 0; level < levelsMax; level += 1) {
    const found = packageJsonOf(folder)
    if (found.name !== undefined) return found
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  return {}
}

const levelsMax = 16
