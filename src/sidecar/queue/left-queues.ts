import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../component.ts'
import { segmentIds } from './wal/read-segment.ts'

/** A queue on disk that holds something, wherever it came from. */
export interface LeftQueue {
  readonly exporterId: string
  readonly signal: Signal
  /** The folder that has it in `queue`. */
  readonly stateFolder: string
  /** Of the process that it belonged to, if that was a worker. */
  readonly worker: string | undefined
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

/** Folder of a worker's own files. */
export const workerFolder = (stateFolder: string, worker: number | string): string =>
  join(stateFolder, 'workers', String(worker))

/** The same worker's place in another folder; that folder itself where the state folder is no worker's. */
export function sameWorkerIn(folder: string, stateFolder: string): string {
  const worker = /[\\/]workers[\\/](\d+)$/.exec(stateFolder)?.[1]
  return worker === undefined ? folder : workerFolder(folder, worker)
}

/** All queues of a sidecar that hold something, those of its workers included. */
export function leftQueues(stateFolder: string): LeftQueue[] {
  const workers = namesIn(join(stateFolder, 'workers'))
  return [
    ...queuesOf(stateFolder, undefined),
    ...workers.flatMap((worker) => queuesOf(workerFolder(stateFolder, worker), worker)),
  ]
}

/** Where `tail_sampling` keeps the spans of traces that are not decided, of all pipelines. */
export const samplingFolder = (stateFolder: string): string => join(stateFolder, 'sampling')

/** What a processor held for a pipeline when the process ended. */
export const heldBatches = (stateFolder: string): { readonly processor: string; readonly pipeline: string }[] =>
  queuesOf(samplingFolder(stateFolder), undefined).map(({ exporterId: id }) => {
    const at = id.lastIndexOf('@')
    return { processor: id.slice(0, at), pipeline: id.slice(at + 1) }
  })

function queuesOf(stateFolder: string, worker: string | undefined): LeftQueue[] {
  const folder = join(stateFolder, 'queue')
  return namesIn(folder).flatMap((name) =>
    SIGNALS.filter((signal) => holdsSomething(join(folder, name, signal))).map((signal) => ({
      exporterId: exporterIdOf(name),
      signal,
      stateFolder,
      worker,
    })),
  )
}

const holdsSomething = (folder: string): boolean => existsSync(folder) && segmentIds(folder).length > 0

/** As open-queue-storage.ts writes it. */
const exporterIdOf = (name: string): string =>
  name.replaceAll(/~([0-9a-f]{4})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
