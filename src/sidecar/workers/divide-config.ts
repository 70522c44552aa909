import type { PipelineConfig } from '../config/check-pipelines.ts'
import type { SidecarConfig } from '../config.ts'

/** Where a pipeline of the first process gets the batches of its twins in the workers. */
export const fromWorkers = (pipelineId: string): string => `workers/${pipelineId}`

/*
 * What each process does of one configuration. A worker receives, runs the processors and sends: that is nearly all the work. What has to see everything, or
 * is there once only, is in the first process: connectors (the spans of one trace come to several workers), processors that hold whole traces, exporters
 * that listen or write one file, the page, the spool. Workers hand it the batches behind their processors.
 */

/** The part of each worker. Its queues are its own by its state folder. */
export function configOfWorker(config: SidecarConfig): SidecarConfig {
  const pipelines = config.pipelines.flatMap((pipeline): PipelineConfig[] => {
    const receivers = pipeline.receivers.filter((id) => isWorkers(config, id))
    if (receivers.length === 0) return []
    const { processors, exporters, handsOn } = cut(config, pipeline)
    return [{ ...pipeline, receivers, processors, exporters, handsOn }]
  })
  const extensionOrder = config.extensionOrder.filter((id) => config.extensions.get(id)?.definition.isSingle !== true)
  return { ...config, pipelines, extensionOrder, connectors: new Map() }
}

/** The part of the process that the workers belong to. */
export function configOfFirst(config: SidecarConfig): SidecarConfig {
  const pipelines = config.pipelines.flatMap((pipeline): PipelineConfig[] => {
    const receivers = pipeline.receivers.filter((id) => !isWorkers(config, id))
    const own = receivers.length === 0 ? [] : [{ ...pipeline, receivers }]
    if (receivers.length === pipeline.receivers.length) return own
    const { rest } = cut(config, pipeline)
    return rest === undefined ? own : [...own, { ...rest, receivers: [fromWorkers(pipeline.id)] }]
  })
  return { ...config, pipelines }
}

const isWorkers = ({ receivers }: SidecarConfig, id: string): boolean =>
  receivers.has(id) && receivers.get(id)?.definition.isSingle !== true

interface Cut {
  readonly processors: readonly string[]
  readonly exporters: readonly string[]
  readonly handsOn: boolean
  /** What is left for the first process. */
  readonly rest: Omit<PipelineConfig, 'receivers'> | undefined
}

function cut(config: SidecarConfig, pipeline: PipelineConfig): Cut {
  const { processors, exporters } = pipeline
  const single = processors.findIndex((id) => config.processors.get(id)?.definition.isSingle === true)
  if (single >= 0) {
    const rest = { ...pipeline, processors: processors.slice(single) }
    return { processors: processors.slice(0, single), exporters: [], handsOn: true, rest }
  }
  const isRemote = (id: string): boolean => config.exporters.get(id)?.definition.delivery === 'remote'
  const others = exporters.filter((id) => !isRemote(id))
  const handsOn = others.length > 0
  const rest = handsOn ? { ...pipeline, processors: [], exporters: others } : undefined
  return { processors, exporters: exporters.filter(isRemote), handsOn, rest }
}
