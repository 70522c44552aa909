import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { components, componentsNamed } from '../sidecar/components.ts'
import { ConfigError } from '../sidecar/config/problem.ts'
import type { ConfigProblem } from '../sidecar/config/problem.ts'
import { checkConfig, configFromSetting, mergeConfigs, typesIn } from '../sidecar/config.ts'
import type { ConfigSource, SidecarConfig } from '../sidecar/config.ts'
import { UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { packageFolder } from './program.ts'

export interface ConfigFlags {
  readonly config?: readonly string[] | undefined
  readonly set?: readonly string[] | undefined
}

export interface ReadConfig extends SidecarConfig {
  /** Every file that was read for it, those of `${file:…}` included: what to watch for changes. */
  readonly files: readonly string[]
}

/**
 * Reads and checks the configurations that --config and --set name, or the embedded one; may be called again at any time. Rejects with a ConfigError
 * of all problems.
 */
export async function readConfig({ config = [], set = [] }: ConfigFlags, io: CommandIo): Promise<ReadConfig> {
  const files = new Set<string>()
  const readFile = (path: string): string => {
    files.add(path)
    return readBounded(path)
  }
  const uris = config.length > 0 ? config : [readyFile('embedded', io)]
  const problems: ConfigProblem[] = []
  const sources = uris.flatMap((uri) => {
    const source = sourceOf(uri, io, readFile)
    if (typeof source !== 'string') return [source]
    problems.push({ path: '', message: source })
    return []
  })
  if (problems.length > 0) throw new ConfigError(problems)
  const merged = mergeConfigs([...sources, ...set.map(settingOf)], { env: io.env, readFile })
  const checked = checkConfig(merged, await componentsNamed(typesIn(merged)), components)
  return { ...checked, files: [...files] }
}

/** Of a file; larger ones are something else, such as a device. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

/** Throws an error with the code EFBIG for what is too large. */
function readBounded(path: string): string {
  const file = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    for (let left = FILE_BYTES_MAX + 1; left > 0;) {
      const chunk = Buffer.alloc(Math.min(left, 64 * 1024))
      const length = readSync(file, chunk)
      if (length === 0) return Buffer.concat(chunks).toString()
      chunks.push(chunk.subarray(0, length))
      left -= length
    }
  } finally {
    closeSync(file)
  }
  throw Object.assign(new Error(`${path} is larger than 16 MiB: no configuration is`), { code: 'EFBIG' })
}

/** A name without a dot, such as `jaeger`: a file of the package's own, where there is none of that name here. */
const READY = /^[a-z]+(-[a-z]+)*$/

const readyFile = (name: string, io: CommandIo): string => join(packageFolder(io), 'collector-config', `${name}.yaml`)

/** Names of all but those for the stock collector. */
const ready = (io: CommandIo): string =>
  readdirSync(join(packageFolder(io), 'collector-config'))
    .flatMap((file) => (/^(?!stock-).*\.yaml$/.test(file) ? [file.slice(0, -'.yaml'.length)] : []))
    .toSorted()
    .join(', ')

const SCHEME = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?<rest>[^]*)$/

/** The stock collector's kinds of source: a path, `file:path`, `env:NAME`, `yaml:a::b: value`; and a name. A text says what is wrong. */
function sourceOf(uri: string, io: CommandIo, readFile: (path: string) => string): ConfigSource | string {
  const { scheme = 'file', rest = READY.test(uri) && !existsSync(uri) ? readyFile(uri, io) : uri } =
    SCHEME.exec(uri)?.groups ?? {}
  const { env } = io
  if (scheme === 'yaml') return { name: '--config yaml', text: rest }
  if (scheme === 'env') {
    const text = env[rest]
    return text === undefined
      ? `--config ${uri}: the variable ${rest} is not set; set it to the text of a configuration, or name a file`
      : { name: uri, text }
  }
  if (scheme === 'http' || scheme === 'https') {
    return `--config ${scheme}:…: nothing is fetched for a configuration; download it and name the file`
  }
  if (scheme !== 'file')
    return `--config ${scheme}:…: there are file:, env: and yaml:; a name with a colon is written file:name`
  try {
    return { name: rest, text: readFile(rest) }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    const isReady = rest !== uri && READY.test(uri)
    return isReady
      ? `there is no file ${uri}, and no ready configuration of that name: ${ready(io)}`
      : `can't read ${rest} (${reason})`
  }
}

/** Its keys are joined by dots, as the stock collector's are. */
function settingOf(setting: string): ConfigSource {
  const equals = setting.indexOf('=')
  if (equals <= 0) throw new UsageError(`--set ${setting}: write it as a.b=value`)
  return {
    name: '--set',
    text: configFromSetting(setting.slice(0, equals).trim().split('.'), setting.slice(equals + 1).trim()),
  }
}
