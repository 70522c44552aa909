import type {
  ComponentDefinition,
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from '../component.ts'
import type { Report, Sections } from '../config.ts'
import { fileStorageConfig } from '../queue/file-storage-config.ts'
import type { FileStorageConfig } from '../queue/file-storage-config.ts'
import { retryConfig, sendingQueueConfig } from '../queue/queue-config.ts'
import type { RetryConfig, SendingQueueConfig } from '../queue/queue-config.ts'
import { batchFromProcessor } from './batch-processor.ts'
import { checkValue } from './check-value.ts'
import { leftOut } from './left-out.ts'
import type { LocatedYaml } from './located-yaml.ts'
import { suggestion } from './nearest.ts'
import { STOCK_KEYS, stockKey } from './stock-keys.ts'
import { unknownComponent } from './unknown-component.ts'

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

export type ComponentName = Pick<ComponentDefinition, 'kind' | 'type' | 'aliases'>
export interface Components {
  readonly components: readonly ComponentDefinition[]
  /** All that there are, loaded or not. */
  readonly known: readonly ComponentName[]
}

type Kind = ComponentDefinition['kind']
type DefinitionOf<K extends Kind> = Extract<ComponentDefinition, { kind: K }>

/** Name of a component: a type of letters, digits and underscores, then perhaps a slash and any name. */
const ID = /^(?<type>[a-zA-Z][0-9a-zA-Z_]*)(\/(?<name>[^\s/][^/]*))?$/

/** Reads the component sections. What is wrong is reported and left out. */
export function checkComponents(
  sections: Sections,
  yaml: LocatedYaml,
  components: Components,
  report: Report,
): ConfiguredComponents {
  const section = <K extends Kind>(kind: K): Map<string, Configured<DefinitionOf<K>>> =>
    checkSection(kind, components, sections[`${kind}s`], yaml, report)
  const exporters = new Map<string, ConfiguredExporter>()
  const ownKeys = withoutSending(sections.exporters)
  for (const [id, exporter] of checkSection('exporter', components, ownKeys, yaml, report)) {
    if (exporter.definition.delivery === 'local') {
      checkLocal(id, exporter.definition, sections.exporters, report)
      exporters.set(id, exporter)
    } else {
      const sending = checkSending(id, sections, yaml, report)
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

function checkSection<K extends Kind>(
  kind: K,
  { components, known: knownComponents }: Components,
  section: unknown,
  yaml: LocatedYaml,
  report: Report,
): Map<string, Configured<DefinitionOf<K>>> {
  const definitions = definitionsOf(kind, components)
  const configured = new Map<string, Configured<DefinitionOf<K>>>()
  const sectionName = `${kind}s`
  for (const [id, value] of entriesOf(section, () => report.problem([sectionName], 'a map of components is wanted'))) {
    const type = ID.exec(id)?.groups?.['type']
    if (type === undefined) {
      report.problem([sectionName, id], 'a component is named by its type, or type/name')
      continue
    }
    const definition = definitionOf(type, definitions)
    if (definition === undefined) {
      reportMissing(id, type, value)
      continue
    }
    if (definition.type !== type) {
      report.warning([sectionName, id], `${type} is the former name of ${definition.type}; both mean the same`)
    }
    const stock = STOCK_KEYS[`${kind} ${definition.type}`]
    const beside = 'delivery' in definition && definition.delivery === 'remote' ? SENDING_KEYS : []
    const config = checkValue(definition.config, value ?? {}, [sectionName, id], yaml, report, stock, beside)
    const notices = config === undefined ? undefined : definition.notices?.(config)
    for (const { path, message } of notices ?? []) report.warning([sectionName, id, ...path], message)
    // A component whose configuration is wrong is there all the same: the pipelines that name it are not wrong too.
    configured.set(id, { id, definition, config })
  }
  return configured

  function reportMissing(id: string, type: string, value: unknown): void {
    const known = leftOut(kind, type)
    if (known === undefined) return report.problem([sectionName, id], unknownComponent(type, kind, knownComponents))
    checkValue(known.config, value ?? {}, [sectionName, id], yaml, report)
    report.warning([sectionName, id], known.notice)
  }
}

const definitionOf = <D extends ComponentDefinition>(type: string, definitions: readonly D[]): D | undefined =>
  definitions.find((definition) => definition.type === type) ??
  definitions.find(({ aliases = [] }) => aliases.includes(type))

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
    const known = stockKey(STOCK_KEYS[`exporter ${type}`], [key])
    if (known !== undefined) report.warning(['exporters', id, key], known.says)
    else report.problem(['exporters', id, key], `unknown key; ${type} writes on this machine and has no sending queue`)
  }
}

function checkSending(
  id: string,
  sections: Sections,
  yaml: LocatedYaml,
  report: Report,
): ConfiguredExporter['sending'] | undefined {
  const { exporters: section, extensions } = sections
  const path = ['exporters', id, 'sending_queue']
  const written = queueOf(partOf(section, id, 'sending_queue'), batchFromProcessor(id, sections))
  const queue = checkValue(sendingQueueConfig, written, path, yaml, report, STOCK_KEYS['sending_queue'])
  const retry = checkValue(
    retryConfig,
    partOf(section, id, 'retry_on_failure') ?? undefined,
    ['exporters', id, 'retry_on_failure'],
    yaml,
    report,
  )
  if (queue === undefined || retry === undefined) return undefined
  if (retry.enabled && retry.max_elapsed_time > 0) {
    const message = `what a backend has not taken after ${retry.max_elapsed_time / 1000} s is dropped and counted; leave it out to keep everything until it is taken`
    report.warning(['exporters', id, 'retry_on_failure', 'max_elapsed_time'], message)
  }
  const { storage } = queue
  if (storage === 'disk' || storage === 'memory') return { queue, retry }
  const fileStorage = fileStorageOf(storage, extensions)
  if (fileStorage !== undefined) return { queue: { ...queue, fileStorage }, retry }
  const known = ['disk', 'memory', ...entriesOf(extensions, () => {}).map(([extension]) => extension)]
  const message = `it is disk, memory or the id of a file_storage extension that is defined${suggestion(storage, known)}`
  report.problem([...path, 'storage'], message)
  return undefined
}

/** `sending_queue: null` is how the stock collector spells `enabled: false`, `batch: null` how it spells the defaults. */
function queueOf(written: unknown, processorBatch: object | undefined): unknown {
  if (written === null) return { enabled: false }
  const batch = partOf(written, 'batch')
  if (batch === undefined) return processorBatch === undefined ? written : { ...Object(written), batch: processorBatch }
  if (typeof batch !== 'object') return written
  const { enabled, ...options }: Record<string, unknown> = { ...batch }
  if (enabled === undefined || typeof enabled === 'boolean') {
    return { ...Object(written), batch: enabled === false ? undefined : options }
  }
  return written
}

/** What is wrong with the extension is reported where it stands; then its defaults are as good as any. */
function fileStorageOf(id: string, extensions: unknown): FileStorageConfig | undefined {
  if (id.split('/')[0] !== 'file_storage' || !entriesOf(extensions, () => {}).some(([name]) => name === id))
    return undefined
  return fileStorageConfig.safeParse(partOf(extensions, id) ?? {}).data ?? fileStorageConfig.parse({})
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
