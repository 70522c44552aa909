import { join } from 'node:path'
import type { ComponentContext, Signal } from '../component.ts'
import type { SendingQueueConfig } from './queue-config.ts'
import { MemoryStorage } from './queue-storage.ts'
import type { QueueStorage } from './queue-storage.ts'
import { WriteAheadLog } from './write-ahead-log.ts'
import type { WalProblem } from './write-ahead-log.ts'

/** Bytes after which a segment is followed by the next. */
const SEGMENT_BYTES = 16 * 1024 * 1024

/** The storage that the configuration asks for, with what an earlier process left. Without a queue nothing waits, so nothing is kept. */
export function openQueueStorage(
  { enabled, storage, fsync, memory_bytes_max }: SendingQueueConfig,
  signal: Signal,
  { id, stateFolder, logger, metrics }: Pick<ComponentContext, 'id' | 'stateFolder' | 'logger' | 'metrics'>,
): QueueStorage {
  if (!enabled || storage === 'memory') return new MemoryStorage()
  const lost = metrics.counter(
    'spanwarden_queue_damaged',
    'Places on disk where a queue found no sound batch, and batches that it could not read.',
    { exporter: id, data_type: signal },
  )
  return new WriteAheadLog({
    folder: queueFolder(stateFolder, id, signal),
    signal,
    segmentBytes: SEGMENT_BYTES,
    memoryBytesMax: memory_bytes_max,
    isSynced: fsync,
    onProblem(problem) {
      if (problem.kind !== 'not_acknowledged') lost.add(problem.kind === 'damaged' ? problem.places : 1)
      logger.error({ signal, ...problem }, sentences[problem.kind])
    },
  })
}

const sentences: Readonly<Record<WalProblem['kind'], string>> = {
  damaged: 'a part of the queue on disk is damaged: what stood there is lost, the rest is sent',
  unreadable: 'a part of the queue on disk cannot be read',
  not_acknowledged: 'the queue could not write down that a batch was sent: it may be sent again after a restart',
}

/** A folder for each exporter and signal; characters of the id that a file name may not have are written as their code. */
export function queueFolder(stateFolder: string, exporterId: string, signal: Signal): string {
  const name = exporterId.replaceAll(
    /[^\w.-]/g,
    (char) => `~${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  return join(stateFolder, 'queue', name, signal)
}
