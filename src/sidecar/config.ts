import { parse } from 'yaml'
import type { ComponentDefinition } from './component.ts'
import { checkAuthenticators } from './config/check-authenticators.ts'
import { checkComponents } from './config/check-components.ts'
import type { ComponentName, ConfiguredComponents } from './config/check-components.ts'
import { checkPipelines } from './config/check-pipelines.ts'
import type { PipelineConfig } from './config/check-pipelines.ts'
import { checkSockets } from './config/check-sockets.ts'
import { checkValue } from './config/check-value.ts'
import { expandYaml } from './config/expand-yaml.ts'
import { hideSecrets } from './config/hide-secrets.ts'
import { LocatedYaml, parseLocatedYaml } from './config/located-yaml.ts'
import { suggestion } from './config/nearest.ts'
import { ConfigError, pathText } from './config/problem.ts'
import type { ConfigPath, ConfigProblem } from './config/problem.ts'
import { referencesConfig, serviceConfig } from './config/service-config.ts'
import type { ServiceConfig } from './config/service-config.ts'
import { STOCK_KEYS } from './config/stock-keys.ts'
import type { SubstitutionSources } from './config/substitution.ts'
import { withReaderAddress } from './config/telemetry-reader.ts'

/** A checked configuration: every name in it refers to something, every value is of its type. */
export interface SidecarConfig extends ConfiguredComponents {
  readonly pipelines: readonly PipelineConfig[]
  /** Ids of extensions, in the order of their start. */
  readonly extensionOrder: readonly string[]
  readonly service: ServiceConfig
  /** What was written, merged and substituted, before defaults. Holds secrets. */
  readonly merged: unknown
  /** The same with secrets hidden. */
  readonly shown: unknown
  /** Nothing is lost, but a person should know. */
  readonly warnings: readonly ConfigProblem[]
  /** A problem that shows later, with the place of the path. */
  problemAt(path: ConfigPath, message: string): ConfigProblem
}

export interface ConfigSource {
  /** Name of the file, for messages. */
  readonly name: string
  readonly text: string
}

const NOT_A_MAP =
  'a configuration is a map with the keys receivers, processors, connectors, exporters, extensions and service'

const SECTIONS = ['receivers', 'processors', 'connectors', 'exporters', 'extensions', 'service'] as const

/** Merged and substituted, not yet checked. */
export interface UncheckedConfig {
  readonly sources: readonly ConfigSource[]
  readonly yaml: LocatedYaml
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/**
 * Reads configurations in the shape of the OpenTelemetry Collector's, merges them in their order and checks the result.
 * Throws ConfigError with every problem at once.
 */
export const loadConfig = (
  sources: readonly ConfigSource[],
  components: readonly ComponentDefinition[],
  substitutions: SubstitutionSources,
): SidecarConfig => checkConfig(mergeConfigs(sources, substitutions), components, components)

/** The first half: throws ConfigError when a source is no YAML, or no map. */
export function mergeConfigs(sources: readonly ConfigSource[], substitutions: SubstitutionSources): UncheckedConfig {
  const problems: ConfigProblem[] = []
  let written = new LocatedYaml({})
  for (const { name, text } of sources) {
    const parsed = parseLocatedYaml(name, text)
    problems.push(...parsed.problems)
    const { value } = parsed.yaml
    if (isMap(value)) written = written.mergedWith(parsed.yaml)
    else if (value !== null && parsed.problems.length === 0) {
      problems.push({ path: '', message: NOT_A_MAP, place: { source: name, line: 1, column: 1 } })
    }
  }
  if (problems.length > 0) throw new ConfigError(byPlace(problems, sources))
  return { sources, ...expandYaml(written, substitutions) }
}

/** The types of components that a configuration names, under whatever kind. */
export function typesIn({ yaml: { value } }: UncheckedConfig): Set<string> {
  const sections = isMap(value) ? Object.values(value).filter(isMap) : []
  return new Set(sections.flatMap((section) => Object.keys(section)).map((id) => id.split('/', 1)[0] ?? ''))
}

/** The second half. `components`: at least those that it names; `known`: all that it could. Throws ConfigError with every problem at once. */
export function checkConfig(
  { sources, yaml, ...before }: UncheckedConfig,
  components: readonly ComponentDefinition[],
  known: readonly ComponentName[],
): SidecarConfig {
  const problems = [...before.problems]
  const warnings = [...before.warnings]
  const report = reporter(yaml, problems, warnings)
  const sections = sectionsOf(yaml, report)
  const configured = checkComponents(sections, yaml, { components, known }, report)
  const { references, rest } = splitService(sections.service)
  const service = checkValue(serviceConfig, withReaderAddress(rest), ['service'], yaml, report, STOCK_KEYS['service'])
  const referred = checkValue(referencesConfig, references, ['service'], yaml, report)
  const pipelines = referred === undefined ? [] : checkPipelines(referred, configured, sections, report)
  checkAuthenticators(configured, referred?.extensions, sections, report)
  if (service !== undefined) checkSockets(sections, service.workers, report)
  if (problems.length > 0 || service === undefined) {
    throw new ConfigError(byPlace(problems, sources), byPlace(warnings, sources))
  }
  const extensionOrder = (referred?.extensions ?? []).filter((id) => configured.extensions.has(id))
  const shown = hideSecrets(yaml.value, (path) => yaml.isSecret(path))
  return {
    ...configured,
    pipelines,
    extensionOrder,
    service,
    merged: yaml.value,
    shown,
    warnings: byPlace(warnings, sources),
    problemAt: (path, message) => problemAt(yaml, path, message),
  }
}

/** In two parts, so that a mistake in one does not hide those in the other. */
function splitService(service: unknown): { references: unknown; rest: unknown } {
  if (!isMap(service)) return { references: {}, rest: service }
  const { pipelines, extensions, ...rest } = service
  return { references: { pipelines: pipelines ?? undefined, extensions }, rest }
}

/** In the order of the text; what has no place comes last. */
function byPlace(problems: readonly ConfigProblem[], sources: readonly ConfigSource[]): readonly ConfigProblem[] {
  const rank = ({ place }: ConfigProblem): number => {
    if (place === undefined) return Infinity
    const source = sources.findIndex(({ name }) => name === place.source)
    return (source < 0 ? sources.length : source) * 1e12 + place.line * 1e6 + place.column
  }
  return problems.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** The text of a configuration out of a path of keys and a value, as `--set service.telemetry.logs.level=debug` gives it. */
export function configFromSetting(keys: readonly string[], value: string): string {
  const parsed: unknown = parse(value, { logLevel: 'silent' })
  return JSON.stringify(keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), parsed))
}

export interface Report {
  problem(path: ConfigPath, message: string): void
  warning(path: ConfigPath, message: string): void
}

function problemAt(yaml: LocatedYaml, path: ConfigPath, message: string): ConfigProblem {
  const place = yaml.placeOf(path)
  const text = pathText(path)
  return place === undefined ? { path: text, message } : { path: text, message, place }
}

export type Sections = Readonly<Record<(typeof SECTIONS)[number], unknown>>

function reporter(yaml: LocatedYaml, problems: ConfigProblem[], warnings: ConfigProblem[]): Report {
  // What could not be replaced is reported once; that it is missing then, or of the wrong type, is not a second mistake.
  const unreadable = new Set(problems.map(({ path }) => path))
  const isBelow = (path: ConfigPath): boolean => path.some((_, i) => unreadable.has(pathText(path.slice(0, i + 1))))
  return {
    problem: (path, message) => {
      if (!isBelow(path)) problems.push(problemAt(yaml, path, message))
    },
    warning: (path, message) => void warnings.push(problemAt(yaml, path, message)),
  }
}

function sectionsOf({ value }: LocatedYaml, report: Report): Sections {
  const sections: Record<string, unknown> = {}
  for (const [name, section] of Object.entries(isMap(value) ? value : {})) {
    if (SECTIONS.some((known) => known === name)) sections[name] = section ?? {}
    else report.problem([name], `unknown section${suggestion(name, SECTIONS)}`)
  }
  const { receivers = {}, processors = {}, connectors = {}, exporters = {}, extensions = {}, service = {} } = sections
  return { receivers, processors, connectors, exporters, extensions, service }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
