import type { Signal } from '../component.ts'
import type { Report, Sections } from '../config.ts'
import type { ConfiguredComponents } from './check-components.ts'
import { suggestion } from './nearest.ts'
import type { ConfigPath } from './problem.ts'
import type { ReferencesConfig } from './service-config.ts'

export interface PipelineConfig {
  /** `traces` or `traces/name`. */
  readonly id: string
  readonly signal: Signal
  /** Ids of receivers, and of connectors that other pipelines end in. */
  readonly receivers: readonly string[]
  readonly processors: readonly string[]
  /** Ids of exporters and connectors. */
  readonly exporters: readonly string[]
  /** In a worker: the first process goes on with what comes out. */
  readonly handsOn?: boolean
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

/** Checks that pipelines name what is defined, that signals fit and that connectors connect something, without a circle. */
export function checkPipelines(
  { pipelines, extensions }: ReferencesConfig,
  configured: ConfiguredComponents,
  sections: Sections,
  report: Report,
): readonly PipelineConfig[] {
  const checked: PipelineConfig[] = []
  for (const [id, pipeline] of Object.entries(pipelines)) {
    const path = ['service', 'pipelines', id]
    const word = id.split('/')[0] ?? ''
    const signal = SIGNALS.find((known) => known === word)
    if (signal === undefined) {
      report.problem(
        path,
        `a pipeline is named traces, metrics or logs, or one of these with /name${suggestion(word, SIGNALS)}`,
      )
      continue
    }
    const config = { id, signal, ...pipeline }
    checkReferences(config, path, configured, sections, report)
    // What is written, but not there, was left out or is reported already.
    checked.push({ ...config, processors: pipeline.processors.filter((name) => configured.processors.has(name)) })
  }
  if (Object.keys(pipelines).length === 0) report.problem(['service', 'pipelines'], 'there is no pipeline')
  extensions.forEach((id, i) => {
    if (configured.extensions.has(id) || isWritten(sections.extensions, id)) return
    report.problem(
      ['service', 'extensions', i],
      `extension ${id} is not defined${suggestion(id, configured.extensions.keys())}`,
    )
  })
  for (const pipeline of checked) checkRedactionOrder(pipeline, configured, report)
  checkConnectors(checked, configured, report)
  reportUnused(checked, extensions, configured, report)
  return checked
}

/** They write texts: what they put together, copy or insert is redacted only by a processor behind them. */
const WRITERS: ReadonlySet<string> = new Set(['gen_ai_normalizer', 'attributes', 'resource'])

function checkRedactionOrder(
  { id: pipeline, processors }: PipelineConfig,
  configured: ConfiguredComponents,
  report: Report,
): void {
  const typeOf = (id: string): string => configured.processors.get(id)?.definition.type ?? ''
  const last = processors.findLastIndex((id) => typeOf(id) === 'redaction')
  if (last < 0) return
  for (const id of processors.slice(last + 1)) {
    if (!WRITERS.has(typeOf(id))) continue
    const message = `${id} stands behind ${processors[last]}, which does not see what it writes; put it before, unless that is what you want`
    report.warning(['service', 'pipelines', pipeline, 'processors'], message)
  }
}

interface Role {
  readonly key: 'receivers' | 'processors' | 'exporters'
  readonly kind: string
  /** Signals that a component of that id can have in this role; undefined when none of that id is defined. */
  signalsOf(id: string): readonly Signal[] | undefined
  readonly defined: readonly string[]
  readonly sections: readonly unknown[]
}

function rolesOf({ receivers, processors, connectors, exporters }: ConfiguredComponents, sections: Sections): Role[] {
  return [
    {
      key: 'receivers',
      kind: 'receiver or connector',
      signalsOf: (id) => receivers.get(id)?.definition.signals ?? connectors.get(id)?.definition.to,
      defined: [...receivers.keys(), ...connectors.keys()],
      sections: [sections.receivers, sections.connectors],
    },
    {
      key: 'processors',
      kind: 'processor',
      signalsOf: (id) => processors.get(id)?.definition.signals,
      defined: [...processors.keys()],
      sections: [sections.processors],
    },
    {
      key: 'exporters',
      kind: 'exporter or connector',
      signalsOf: (id) => exporters.get(id)?.definition.signals ?? connectors.get(id)?.definition.from,
      defined: [...exporters.keys(), ...connectors.keys()],
      sections: [sections.exporters, sections.connectors],
    },
  ]
}

function checkReferences(
  pipeline: PipelineConfig,
  path: ConfigPath,
  configured: ConfiguredComponents,
  sections: Sections,
  report: Report,
): void {
  for (const { key, kind, signalsOf, defined, sections: written } of rolesOf(configured, sections)) {
    const ids = pipeline[key]
    if (ids.length === 0 && key !== 'processors') report.problem([...path, key], `at least one ${kind} is needed`)
    ids.forEach((id, i) => {
      const at = [...path, key, i]
      const signals = signalsOf(id)
      if (ids.indexOf(id) !== i) report.problem(at, `${id} is named twice`)
      else if (signals === undefined) {
        // An unknown type is reported where it is defined; once is enough.
        if (written.some((section) => isWritten(section, id))) return
        report.problem(at, `${kind} ${id} is not defined${suggestion(id, defined)}`)
      } else if (!signals.includes(pipeline.signal)) {
        report.problem(at, `${id} has no ${pipeline.signal} here, only ${signals.join(' and ')}`)
      }
    })
  }
}

function checkConnectors(
  pipelines: readonly PipelineConfig[],
  { connectors }: ConfiguredComponents,
  report: Report,
): void {
  for (const id of connectors.keys()) {
    const into = pipelines.some(({ exporters }) => exporters.includes(id))
    const outOf = pipelines.some(({ receivers }) => receivers.includes(id))
    if (into !== outOf) {
      const missing = into ? 'a receiver' : 'an exporter'
      report.problem(['connectors', id], `it is not ${missing} of any pipeline; a connector is both, or it is not used`)
    }
  }
  for (const { id, receivers } of pipelines) {
    const circle = receivers.some(
      (connector) => connectors.has(connector) && leadsTo(id, connector, pipelines, connectors),
    )
    if (circle) report.problem(['service', 'pipelines', id], 'its connectors make a circle')
  }
}

/** Whether what leaves pipeline `from` can come to the connector `to`. */
function leadsTo(
  from: string,
  to: string,
  pipelines: readonly PipelineConfig[],
  connectors: ReadonlyMap<string, unknown>,
): boolean {
  const seen = new Set<string>()
  const next = [from]
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const exporters = pipelines.find((pipeline) => pipeline.id === id)?.exporters ?? []
    if (exporters.includes(to)) return true
    // An exporter may have the name of a receiver; only a connector is both.
    const through = exporters.filter((exporter) => connectors.has(exporter))
    for (const pipeline of pipelines) {
      if (pipeline.receivers.some((receiver) => through.includes(receiver))) next.push(pipeline.id)
    }
  }
  return false
}

const LIMITS = 'guard'
const LIMITS_UNUSED =
  'it is not in service.extensions, so no limit would hold; write `extensions: !append [guard]` under service, or take it out. A file that comes later replaces the list, unless it appends to it'

function reportUnused(
  pipelines: readonly PipelineConfig[],
  extensions: readonly string[],
  configured: ConfiguredComponents,
  report: Report,
): void {
  const used = {
    receivers: pipelines.flatMap((pipeline) => pipeline.receivers),
    processors: pipelines.flatMap((pipeline) => pipeline.processors),
    exporters: pipelines.flatMap((pipeline) => pipeline.exporters),
    extensions,
  }
  for (const section of ['receivers', 'processors', 'exporters', 'extensions'] as const) {
    for (const id of configured[section].keys()) {
      if (used[section].includes(id)) continue
      if (section === 'extensions' && id === LIMITS) report.problem([section, id], LIMITS_UNUSED)
      else report.warning([section, id], 'it is defined but not used')
    }
  }
}

const isWritten = (section: unknown, id: string): boolean =>
  typeof section === 'object' && section !== null && Object.keys(section).includes(id)
