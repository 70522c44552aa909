import type {
  ComponentDefinition,
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from '../component.ts'
import type { Report, Sections } from '../config.ts'
import { retryConfig, sendingQueueConfig } from '../queue/queue-config.ts'
import type { RetryConfig, SendingQueueConfig } from '../queue/queue-config.ts'
import { checkValue } from './check-value.ts'
import type { LocatedYaml } from './located-yaml.ts'
import { suggestion } from './nearest.ts'

export interface Configured<Definition extends ComponentDefinition> {
  /** `type` or `type/name`, as written. */
  readonly id: string
  readonly definition: Definition
  /** Output of the definition's schema. */
  readonly config: unknown
}
export interface ConfiguredExporter extends Configured<ExporterDefinition> {
  /** Of remote exporters. */
  readonly sending?: { readonly queue: SendingQueueConfig; readonly retry: RetryConfig }
}
type ById<T> = ReadonlyMap<string, T>

export interface ConfiguredComponents {
  readonly receivers: ById<Configured<ReceiverDefinition>>
  readonly processors: ById<Configured<ProcessorDefinition>>
  readonly connectors: ById<Configured<ConnectorDefinition>>
  readonly exporters: ById<ConfiguredExporter>
  readonly extensions: ById<Configured<ExtensionDefinition>>
}

type Kind = ComponentDefinition['kind']
type DefinitionOf<K extends Kind> = Extract<ComponentDefinition, { kind: K }>

/** Name of a component: a type of letters, digits and underscores, then perhaps a slash and any name. */
const ID = /^(?<type>[a-zA-Z][0-9a-zA-Z_]*)(\/(?<name>[^\s/][^/]*))?$/

/** Reads the component sections. What is wrong is reported and left out. */
export function checkComponents(
  sections: Sections,
  yaml: LocatedYaml,
  components: readonly ComponentDefinition[],
  report: Report,
): ConfiguredComponents {
  const section = <K extends Kind>(kind: K): Map<string, Configured<DefinitionOf<K>>> =>
    checkSection(kind, definitionsOf(kind, components), sections[`${kind}s`], yaml, report)
  const exporters = new Map<string, ConfiguredExporter>()
  const definitions = definitionsOf('exporter', components)
  const ownKeys = withoutSending(sections.exporters)
  for (const [id, exporter] of checkSection('exporter', definitions, ownKeys, yaml, report)) {
    if (exporter.definition.delivery === 'local') {
      checkLocal(id, exporter.definition, sections.exporters, report)
      exporters.set(id, exporter)
    } else {
      const sending = checkSending(id, sections.exporters, yaml, report)
      exporters.set(id, sending === undefined ? exporter : { ...exporter, sending })
    }
  }
  return {
    receivers: section('receiver'),
    processors: section('processor'),
    connectors: section('connector'),
    exporters,
    extensions: section('extension'),
  }
}

const definitionsOf = <K extends Kind>(kind: K, components: readonly ComponentDefinition[]): DefinitionOf<K>[] =>
  components.filter((definition): definition is DefinitionOf<K> => definition.kind === kind)

function checkSection<D extends ComponentDefinition>(
  kind: Kind,
  definitions: readonly D[],
  section: unknown,
  yaml: LocatedYaml,
  report: Report,
): Map<string, Configured<D>> {
  const configured = new Map<string, Configured<D>>()
  const sectionName = `${kind}s`
  for (const [id, value] of entriesOf(section, () => report.problem([sectionName], 'a map of components is wanted'))) {
    const definition = definitionFor(id, kind, definitions, report)
    if (definition === undefined) continue
    const config = checkValue(definition.config, value ?? {}, [sectionName, id], yaml, report)
    // A component whose configuration is wrong is there all the same: the pipelines that name it are not wrong too.
    configured.set(id, { id, definition, config })
  }
  return configured
}

function definitionFor<D extends ComponentDefinition>(
  id: string,
  kind: Kind,
  definitions: readonly D[],
  report: Report,
): D | undefined {
  const type = ID.exec(id)?.groups?.['type']
  if (type === undefined) {
    report.problem([`${kind}s`, id], 'a component is named by its type, or type/name')
    return undefined
  }
  const exact = definitions.find((definition) => definition.type === type)
  if (exact !== undefined) return exact
  const renamed = definitions.find(({ aliases = [] }) => aliases.includes(type))
  if (renamed !== undefined) {
    report.warning([`${kind}s`, id], `${type} is the former name of ${renamed.type}`)
    return renamed
  }
  const known = definitions.flatMap((definition) => [definition.type, ...(definition.aliases ?? [])])
  report.problem([`${kind}s`, id], `there is no ${kind} ${type}${suggestion(type, known)}`)
  return undefined
}

const SENDING_KEYS = ['sending_queue', 'retry_on_failure']

/** The exporters without the keys that belong to the queue in front of them. */
function withoutSending(section: unknown): unknown {
  if (typeof section !== 'object' || section === null) return section
  return Object.fromEntries(
    Object.entries(section).map(([id, value]: [string, unknown]) => [
      id,
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).filter(([key]) => !SENDING_KEYS.includes(key)))
        : value,
    ]),
  )
}

function checkLocal(id: string, { type }: ExporterDefinition, section: unknown, report: Report): void {
  for (const key of SENDING_KEYS) {
    if (partOf(section, id, key) === undefined) continue
    report.problem(['exporters', id, key], `unknown key; ${type} writes on this machine and has no sending queue`)
  }
}

function checkSending(
  id: string,
  section: unknown,
  yaml: LocatedYaml,
  report: Report,
): ConfiguredExporter['sending'] | undefined {
  // `sending_queue: null` is how the stock collector spells `enabled: false`.
  const written = partOf(section, id, 'sending_queue')
  const queue = checkValue(
    sendingQueueConfig,
    written === null ? { enabled: false } : written,
    ['exporters', id, 'sending_queue'],
    yaml,
    report,
  )
  const retry = checkValue(
    retryConfig,
    partOf(section, id, 'retry_on_failure') ?? undefined,
    ['exporters', id, 'retry_on_failure'],
    yaml,
    report,
  )
  return queue === undefined || retry === undefined ? undefined : { queue, retry }
}

function entriesOf(section: unknown, wrong: () => void): [string, unknown][] {
  if (typeof section === 'object' && section !== null && !Array.isArray(section)) return Object.entries(section)
  wrong()
  return []
}

function partOf(section: unknown, ...keys: readonly string[]): unknown {
  let at: unknown = section
  for (const key of keys) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.entries(at).find(([name]) => name === key)?.[1]
  }
  return at
}
