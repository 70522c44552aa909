import { defineExtension } from '../component.ts'
import { fileStorageConfig } from '../queue/file-storage-config.ts'

/** A folder for the queues that name it in `sending_queue.storage`. Without one they wait in the state folder. */
export const fileStorage = defineExtension({
  type: 'file_storage',
  summary: 'A folder of its own for the queues of exporters that name it in `sending_queue.storage`.',
  config: fileStorageConfig,
  create: () => ({}),
})
