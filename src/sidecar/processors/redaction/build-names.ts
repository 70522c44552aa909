import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ComponentContext } from '../../component.ts'
import { BatchNames } from './batch-names.ts'
import { NamesWorker } from './names-worker.ts'
import type { NamesConfig } from './redaction-config.ts'

/** What looks for names, if the configuration asks for it. Throws when the user's module is not there; it is loaded with the first text. */
export function buildNames(
  config: NamesConfig,
  { clock, logger }: Pick<ComponentContext, 'clock' | 'logger'>,
): BatchNames | undefined {
  if (!config.enabled) return undefined
  const { types, module } = config
  if (module !== undefined && !existsSync(module)) throw new Error(`names: there is no file ${resolve(module)}`)
  const worker = new NamesWorker({
    types,
    ...(module === undefined ? {} : { module: pathToFileURL(resolve(module)).href }),
    confidenceMin: config.confidence_min,
    bytesPerSecond: config.bytes_per_second,
    waitingBytesMax: config.waiting_bytes_max,
    timeoutMs: config.timeout,
    clock,
    logger,
  })
  return new BatchNames(worker, types)
}
