import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { components } from '../sidecar/components.ts'
import { ConfigError } from '../sidecar/config/problem.ts'
import { configFromSetting, loadConfig } from '../sidecar/config.ts'
import type { ConfigSource, SidecarConfig } from '../sidecar/config.ts'
import { UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { packageFolder } from './program.ts'

export interface ConfigFlags {
  readonly config?: readonly string[] | undefined
  readonly set?: readonly string[] | undefined
}

/** Reads and checks the configurations that --config and --set name, or the embedded one. Throws ConfigError with all problems. */
export function readConfig({ config = [], set = [] }: ConfigFlags, io: CommandIo): SidecarConfig {
  const embedded = join(packageFolder(io), 'collector-config', 'embedded.yaml')
  const files = config.length > 0 ? config : [embedded]
  const sources = [...files.map((source) => sourceOf(source, io)), ...set.map(settingOf)]
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  return loadConfig(sources, components, { env: io.env, readFile })
}

/** The stock collector's kinds of source: a path, `file:path`, `env:NAME`, `yaml:a::b: value`. */
function sourceOf(source: string, { env }: CommandIo): ConfigSource {
  if (source.startsWith('env:')) return { name: source, text: env[source.slice(4)] ?? '' }
  if (source.startsWith('yaml:')) return { name: source.slice(0, 4), text: nested(source.slice(5)) }
  const path = source.replace(/^file:/, '')
  try {
    return { name: path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    throw new ConfigError([{ path: '', message: `can't read ${path} (${reason})` }])
  }
}

function nested(text: string): string {
  const match = /^(?<keys>[\w./-]+(?:::[\w./-]+)+):\s(?<value>[^]*)$/.exec(text)?.groups
  return match === undefined ? text : configFromSetting((match['keys'] ?? '').split('::'), match['value'] ?? '')
}

function settingOf(setting: string): ConfigSource {
  const equals = setting.indexOf('=')
  if (equals <= 0) throw new UsageError(`--set ${setting}: write it as a.b=value`)
  return {
    name: '--set',
    text: configFromSetting(setting.slice(0, equals).split('.'), setting.slice(equals + 1)),
  }
}
