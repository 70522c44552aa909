import { join } from 'node:path'
import type { ComponentContext, Signal } from '../component.ts'
import type { FileStorageConfig } from './file-storage-config.ts'
import { sameWorkerIn } from './left-queues.ts'
import { LogLimiter } from './log-limiter.ts'
import { isDurable, queueBytesMax } from './queue-config.ts'
import type { SendingQueueConfig } from './queue-config.ts'
import { MemoryStorage } from './queue-storage.ts'
import type { QueueStorage } from './queue-storage.ts'
import { WriteAheadLog } from './write-ahead-log.ts'
import type { WalProblem, WriteAheadLogOptions } from './write-ahead-log.ts'

/** Bytes after which a segment is followed by the next: as few as make a dozen of them, for the oldest to be given up when the disk is full. */
const SEGMENT_BYTES_MIN = 64 * 1024
const SEGMENT_BYTES_MAX = 16 * 1024 * 1024

/** The storage that the configuration asks for, with what an earlier process left. Without a queue nothing waits, so nothing is kept. */
export function openQueueStorage(
  config: SendingQueueConfig,
  signal: Signal,
  {
    id,
    stateFolder,
    logger,
    metrics,
    clock,
  }: Pick<ComponentContext, 'id' | 'stateFolder' | 'logger' | 'metrics' | 'clock'>,
): QueueStorage {
  const { enabled, fsync, memory_bytes_max, fileStorage } = config
  if (!enabled || !isDurable(config)) return new MemoryStorage()
  const lost = metrics.counter(
    'spanwarden_queue_damaged',
    'Places on disk where a queue found no sound batch, and batches that it could not read.',
    { exporter: id, data_type: signal },
  )
  const log = new LogLimiter(clock)
  return new WriteAheadLog({
    ...folderOptions(fileStorage, stateFolder, id, signal),
    signal,
    segmentBytes: Math.min(Math.max(SEGMENT_BYTES_MIN, queueBytesMax(config) >> 6), SEGMENT_BYTES_MAX),
    memoryBytesMax: memory_bytes_max,
    isSynced: fsync && fileStorage?.fsync !== false,
    onProblem(problem) {
      const { kind } = problem
      if (kind === 'damaged') lost.add(problem.places)
      else if (kind === 'unreadable') lost.add(1)
      log.limited(kind, (suppressed) => {
        logger[kind === 'torn' || kind === 'not_readable_now' ? 'warn' : 'error'](
          { signal, ...problem, suppressed },
          sentences[kind],
        )
      })
    },
  })
}

function folderOptions(
  fileStorage: FileStorageConfig | undefined,
  stateFolder: string,
  id: string,
  signal: Signal,
): Pick<WriteAheadLogOptions, 'folder' | 'folderMode' | 'existingFolder'> {
  if (fileStorage === undefined) return { folder: queueFolder(join(stateFolder, 'queue'), id, signal) }
  const { directory, create_directory, directory_permissions } = fileStorage
  return {
    folder: queueFolder(sameWorkerIn(directory, stateFolder), id, signal),
    folderMode: Number.parseInt(directory_permissions, 8),
    ...(create_directory ? {} : { existingFolder: directory }),
  }
}

const sentences: Readonly<Record<WalProblem['kind'], string>> = {
  damaged: 'a part of the queue on disk is damaged: what stood there is lost, the rest is sent',
  unreadable: 'a part of the queue on disk cannot be read',
  not_readable_now: 'a batch of the queue cannot be read from the disk now: it is tried again',
  torn: 'the end of a file of the queue is no whole batch: it was being written when the last process ended, and nobody was told that it is kept',
  unwritable:
    'the folder of the queue cannot be written to: what waits in it is sent, what comes is refused until it can',
  not_acknowledged: 'the queue could not write down that a batch was sent: it may be sent again after a restart',
}

/** A folder for each exporter and signal; characters of the id that a file name may not have are written as their code. */
export function queueFolder(folder: string, exporterId: string, signal: Signal): string {
  const name = exporterId.replaceAll(
    /[^\w.-]/g,
    (char) => `~${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  return join(folder, name, signal)
}
