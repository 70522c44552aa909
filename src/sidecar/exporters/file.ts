import * as z from 'zod'
import { OtlpError } from '../../otlp/otlp-error.ts'
import { defineExporter } from '../component.ts'
import type { Sent } from '../component.ts'
import { ignoredKey } from '../config-types.ts'
import { GroupCommit } from './file/group-commit.ts'
import { isLines, recordOf } from './file/record-encoder.ts'
import { RotatingFile } from './file/rotating-file.ts'

const MIB = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

const rotation = z.strictObject({
  max_megabytes: z.int().positive().default(100).describe('MiB from which on a new file begins.'),
  max_days: z.int().min(0).default(0).describe('Days after which an older file is deleted; 0: never.'),
  max_backups: z.int().min(0).default(100).describe('Older files that are kept; 0: all.'),
  localtime: z.boolean().default(false).describe('Names of older files have the time of this host instead of UTC.'),
})

const config = z.strictObject({
  path: z.string().min(1).describe('The file. A path that is not absolute begins at the working folder.'),
  format: z
    .enum(['json', 'proto'])
    .default('json')
    .describe(
      'json: a line of OTLP/JSON for each request. proto: Protocol Buffers, each behind its length in four bytes.',
    ),
  compression: z
    .enum(['', 'none', 'zstd'])
    .default('')
    .describe('zstd: each request is compressed, and stands behind its length in four bytes, with json as well.'),
  compression_params: z
    .strictObject({ level: z.int().min(1).max(22).default(3).describe('Level of zstd.') })
    .prefault({})
    .describe('How much work compression is.'),
  rotation: z
    .preprocess((value) => (value === null ? {} : value), rotation)
    .optional()
    .describe('A new file begins when the file is full; without it, it grows for ever.'),
  append: z
    .boolean()
    .default(true)
    .describe(
      'Go on behind what is there. False empties the file at the start, which is the default of the stock collector.',
    ),
  fsync: z
    .boolean()
    .default(true)
    .describe(
      'A request is done with when the disk itself has it; false: when the system has it, which survives a crash of this process only.',
    ),
  create_directory: z.boolean().default(false).describe('Make the folder of the file where it is missing.'),
  directory_permissions: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'write it in octal, like "0700"')
    .default('0700')
    .describe('Rights of a folder that is made. The file itself is 0600.'),
  flush_interval: ignoredKey('nothing is held back: a request is written, and synced together with those that wait'),
  group_by: z
    .strictObject({
      enabled: z
        .literal(false, 'is not supported: write one exporter for each file, behind a filter')
        .default(false)
        .describe('Only false.'),
      resource_attribute: ignoredKey('group_by is not supported'),
      max_open_files: ignoredKey('group_by is not supported'),
    })
    .optional()
    .describe('Of the stock collector, a file for each value of an attribute; not supported.'),
})

/**
 * Appends requests to a file, one line of OTLP/JSON each. It stands behind a sending queue, as exporters to a network do: a disk that is full makes the queue
 * wait and then the senders, and drops nothing; local exporters drop what they can't take.
 *
 *     exporters:
 *       file:
 *         path: /var/log/agents/traces.jsonl
 *         rotation: { max_megabytes: 50, max_backups: 20 }
 */
export const file = defineExporter({
  type: 'file',
  summary: 'Appends requests to a file, as lines of OTLP/JSON or as Protocol Buffers, with rotation.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'remote',
  isSingle: true,
  config,
  create(options, { clock, logger }) {
    const format = { format: options.format, compression: options.compression, level: options.compression_params.level }
    const target = new RotatingFile({
      path: options.path,
      bytesMax: (options.rotation?.max_megabytes ?? 0) * MIB,
      backupsMax: options.rotation?.max_backups ?? 0,
      ageMsMax: (options.rotation?.max_days ?? 0) * DAY_MS,
      usesLocalTime: options.rotation?.localtime ?? false,
      appends: options.append,
      isLines: isLines(format),
      syncs: options.fsync,
      folderMode: options.create_directory ? Number.parseInt(options.directory_permissions, 8) : undefined,
      clock,
      logger,
    })
    const commits = new GroupCommit((records) => target.append(records))
    return {
      async start() {
        try {
          await target.open()
        } catch (error) {
          throw new Error(`${options.path} can't be opened (${codeOf(error)}); check path and create_directory`, {
            cause: error,
          })
        }
      },
      async send({ signal, bytes }): Promise<Sent> {
        try {
          await commits.add(await recordOf(signal, bytes, format))
          return { outcome: 'sent' }
        } catch (error) {
          if (error instanceof OtlpError) return { outcome: 'rejected', reason: error.message }
          return { outcome: 'retry', reason: `${options.path} can't be written to (${codeOf(error)})` }
        }
      },
      async stop() {
        await commits.idle()
        await target.close()
      },
    }
  },
})

const codeOf = (error: unknown): string => {
  const code: unknown = Reflect.get(Object(error), 'code')
  return typeof code === 'string' ? code : 'unknown error'
}
