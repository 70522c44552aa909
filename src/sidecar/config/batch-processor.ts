import type { Sections } from '../config.ts'
import { isPlainMap } from './located-yaml.ts'

const PROCESSOR = /^batch(\/|$)/

/**
 * `sending_queue.batch` for an exporter that a pipeline with the stock collector's `batch` processor sends to: what that collector's own guide to
 * leaving the processor says. Undefined when no such pipeline does.
 */
export function batchFromProcessor(exporter: string, { service, processors }: Sections): object | undefined {
  const pipelines = isPlainMap(service) && isPlainMap(service['pipelines']) ? Object.values(service['pipelines']) : []
  for (const pipeline of pipelines) {
    if (!isPlainMap(pipeline) || !listOf(pipeline['exporters']).includes(exporter)) continue
    const id = listOf(pipeline['processors']).find((name) => PROCESSOR.test(name))
    const entry = isPlainMap(processors) ? Object.entries(processors).find(([name]) => name === id) : undefined
    if (entry !== undefined) return batchOf(isPlainMap(entry[1]) ? entry[1] : {})
  }
  return undefined
}

function batchOf({ timeout, send_batch_size: minSize, send_batch_max_size: maxSize }: Record<string, unknown>): object {
  const isTimed = typeof timeout === 'string' && /[1-9]/.test(timeout)
  return {
    sizer: 'items',
    ...(isTimed ? { flush_timeout: timeout } : {}),
    ...(typeof minSize === 'number' ? { min_size: minSize } : {}),
    ...(typeof maxSize === 'number' ? { max_size: maxSize } : {}),
  }
}

const listOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
