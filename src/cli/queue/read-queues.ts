import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../../sidecar/component.ts'
import { workerFolder } from '../../sidecar/queue/left-queues.ts'
import { readSegment, segmentIds, segmentPath } from '../../sidecar/queue/wal/read-segment.ts'
import type { CommandIo } from '../command.ts'
import { stateFolderOf } from '../program.ts'
import type { ConfigFlags } from '../read-config.ts'

export interface Queue {
  readonly exporter: string
  readonly signal: Signal
  readonly folder: string
  readonly batches: number
  readonly items: number
  readonly bytes: number
  /** When the oldest batch came. */
  readonly oldest: Date | undefined
  readonly damaged: number
  readonly tornBytes: number
  /** Names of the files that can't be read, with the reason. */
  readonly unreadable: readonly string[]
}

/** Every queue on disk, sound or not. A sidecar may be running. */
export const readQueues = async (flags: ConfigFlags, io: CommandIo): Promise<Queue[]> =>
  (await foldersOf(flags, io)).flatMap(queuesIn)

/** Where queues are: in the state folder and, when a configuration is named, in the directories of its `file_storage` extensions. */
async function foldersOf(flags: ConfigFlags, io: CommandIo): Promise<string[]> {
  if (flags.config === undefined && flags.set === undefined)
    return withWorkers(stateFolderOf(io, io.env['SPANWARDEN_STATE_DIR'])).flatMap(queuesOf)
  const { readConfig } = await import('../read-config.ts')
  const { service, exporters } = await readConfig(flags, io)
  const directories = [...exporters.values()].flatMap(({ sending }) => sending?.queue.fileStorage?.directory ?? [])
  const inState = withWorkers(stateFolderOf(io, service.state_folder)).flatMap(queuesOf)
  return [...new Set([...inState, ...directories.flatMap(withWorkers)])]
}

/** Of exporters, and what `tail_sampling` holds, by its id and pipeline, until it is decided. */
const queuesOf = (stateFolder: string): string[] => [join(stateFolder, 'queue'), join(stateFolder, 'sampling', 'queue')]

/** A folder, and those of the same kind that `service.workers` have in it. */
function withWorkers(folder: string): string[] {
  const workers = join(folder, 'workers')
  if (!existsSync(workers)) return [folder]
  return [folder, ...readdirSync(workers).map((worker) => workerFolder(folder, worker))]
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']

function queuesIn(folder: string): Queue[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) =>
      SIGNALS.filter((signal) => existsSync(join(folder, name, signal))).map((signal) =>
        readQueue(exporterOf(name), signal, join(folder, name, signal)),
      ),
    )
}

/** As open-queue-storage.ts writes it. */
const exporterOf = (name: string): string =>
  name.replaceAll(/~([0-9a-f]{4})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))

function readQueue(exporter: string, signal: Signal, folder: string): Queue {
  const sum = { batches: 0, items: 0, bytes: 0, damaged: 0, tornBytes: 0 }
  let oldest: Date | undefined
  const unreadable: string[] = []
  for (const id of segmentIds(folder)) {
    const path = segmentPath(folder, id)
    try {
      const { left, damaged, tornBytes } = readSegment(path)
      sum.batches += left.length
      for (const { items, length } of left) {
        sum.items += items
        sum.bytes += length
      }
      sum.damaged += damaged
      sum.tornBytes += tornBytes
      if (left[0] !== undefined) oldest ??= new Date(left[0].storedMs)
    } catch (error) {
      // Sent and removed meanwhile: a sidecar may be running.
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
      if (code !== 'ENOENT') unreadable.push(`${path} (${code})`)
    }
  }
  return { exporter, signal, folder, ...sum, oldest, unreadable }
}
