import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../component.ts'
import { segmentIds } from './wal/read-segment.ts'

/** A queue on disk that holds something, wherever it came from. */
export interface LeftQueue {
  readonly exporterId: string
  readonly signal: Signal
  /** Of the process that it belonged to. */
  readonly stateFolder: string
  /** Of the `file_storage` extension that it is in; undefined where it is in `queue` of the state folder. */
  readonly directory: string | undefined
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

/** All queues of a sidecar that hold something, those of its workers and those in directories of `file_storage` included. */
export function leftQueues(stateFolder: string, directories: Iterable<string> = []): LeftQueue[] {
  const inState = processesIn(stateFolder).flatMap((worker) => {
    const own = folderOf(stateFolder, worker)
    return queuesIn(join(own, 'queue')).map((queue) => ({ ...queue, stateFolder: own, directory: undefined, worker }))
  })
  const inDirectories = [...new Set(directories)].flatMap((directory) =>
    processesIn(directory).flatMap((worker) => {
      const own = folderOf(stateFolder, worker)
      return queuesIn(folderOf(directory, worker)).map((queue) => ({ ...queue, stateFolder: own, directory, worker }))
    }),
  )
  return [...inState, ...inDirectories]
}

/** The first process, and the workers that have a folder. */
const processesIn = (folder: string): (string | undefined)[] => [undefined, ...namesIn(join(folder, 'workers'))]

const folderOf = (folder: string, worker: string | undefined): string =>
  worker === undefined ? folder : workerFolder(folder, worker)

/** Where `tail_sampling` keeps the spans of traces that are not decided, of all pipelines. */
export const samplingFolder = (stateFolder: string): string => join(stateFolder, 'sampling')

/** What a processor held for a pipeline when the process ended. */
export const heldBatches = (stateFolder: string): { readonly processor: string; readonly pipeline: string }[] =>
  queuesIn(join(samplingFolder(stateFolder), 'queue')).map(({ exporterId: id }) => {
    const at = id.lastIndexOf('@')
    return { processor: id.slice(0, at), pipeline: id.slice(at + 1) }
  })

const queuesIn = (folder: string): Pick<LeftQueue, 'exporterId' | 'signal'>[] =>
  namesIn(folder).flatMap((name) =>
    SIGNALS.filter((signal) => holdsSomething(join(folder, name, signal))).map((signal) => ({
      exporterId: exporterIdOf(name),
      signal,
    })),
  )

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
