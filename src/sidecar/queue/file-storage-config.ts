import * as z from 'zod'
import { ignoredKey } from '../config-types.ts'

const nothingToCompact = 'a file goes when all in it is sent, so there is nothing to compact'

/** The keys of the stock collector's extension: what has a meaning for a write-ahead log is used, the rest is told. */
export const fileStorageConfig = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('/var/lib/otelcol/file_storage')
    .describe('Folder in which each exporter that names the extension gets one of its own.'),
  create_directory: z
    .boolean()
    .default(true)
    .describe('Make the folder when it is not there. False: nothing is taken until it is.'),
  directory_permissions: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'write it as octal digits, like "0750"')
    .default('0700')
    .describe('Rights of the folders that are made, in octal digits.'),
  fsync: z
    .boolean()
    .default(true)
    .describe('A batch counts as kept when the disk itself says so; false survives a crash of this process only.'),
  timeout: ignoredKey('a folder that another process uses is said at once'),
  recreate: ignoredKey('what is damaged is left out and counted, the rest is sent'),
  max_size: ignoredKey('sending_queue.queue_bytes_max bounds each queue'),
  compaction: ignoredKey(nothingToCompact),
})
export type FileStorageConfig = z.output<typeof fileStorageConfig>
