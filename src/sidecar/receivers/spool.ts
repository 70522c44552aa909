import { join } from 'node:path'
import * as z from 'zod'
import { SPOOL_FILE_BYTES_MAX, SPOOL_FOLDER } from '../../control/spool-format.ts'
import { defineReceiver } from '../component.ts'
import { duration } from '../config-types.ts'
import { BodyMemory } from './otlp/body-memory.ts'
import { Intake } from './otlp/intake.ts'
import { readSpool } from './otlp/read-spool.ts'
import { SpoolFolder } from './spool/spool-folder.ts'
import { SpoolLoop } from './spool/spool-loop.ts'
import { SpoolTaker } from './spool/spool-taker.ts'

const config = z.strictObject({
  poll_interval: duration
    .prefault('5s')
    .describe('How often the folder is looked at, beside being watched: not every file system reports changes.'),
  max_file_size: z
    .int()
    .positive()
    .default(SPOOL_FILE_BYTES_MAX)
    .describe('Bytes of one file; a larger one is put aside.'),
  aside_files_max: z
    .int()
    .min(0)
    .default(64)
    .describe('Files that are kept aside because they can not be taken in; the oldest are deleted.'),
})

/**
 * Takes in what agents of this host left at their end, in the folder `spool` of the state folder. It goes the same way as what comes over the network;
 * a file is deleted when every pipeline has it. What was taken in over HTTP already is dropped, by the id of the request.
 */
export const spool = defineReceiver({
  type: 'spool',
  isSingle: true,
  summary: 'Takes in what agents on this host could not send before they ended.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ poll_interval: pollMs, max_file_size: fileBytesMax, aside_files_max: asideFilesMax }, context) {
    const folder = new SpoolFolder(join(context.stateFolder, SPOOL_FOLDER), {
      fileBytesMax,
      asideFilesMax,
      nowMs: () => context.clock.now(),
    })
    // One file at a time, as JSON and as Protocol Buffers, which may be larger.
    const memory = new BodyMemory(context.buffers, fileBytesMax * 8)
    const taker = new SpoolTaker(folder, new Intake(context, 'file', memory), fileBytesMax, context)
    const loop = new SpoolLoop(() => taker.takeAll(), { folder: folder.path, pollMs, clock: context.clock })
    const read = context.service(readSpool)
    return {
      async start() {
        const id = folder.open()
        folder.announce({ id, isRunning: true })
        read.id = id
        loop.start()
      },
      async stop() {
        if (read.id === undefined) return
        folder.announce({ id: read.id, isRunning: false })
        read.id = undefined
        await loop.stop()
      },
    }
  },
})
