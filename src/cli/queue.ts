import { parseArgs } from 'node:util'
import { protobufToJson } from '../otlp/protobuf-to-json.ts'
import { readSegment, segmentIds, segmentPath } from '../sidecar/queue/wal/read-segment.ts'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption, queueOptions } from './options.ts'
import { readQueues } from './queue/read-queues.ts'
import type { Queue } from './queue/read-queues.ts'
import { textTable } from './text-table.ts'

/**
 * What waits on disk for the backends, or for the decision of `tail_sampling`: `queue` shows it by exporter and signal, `verify` reads every byte (exit code 1 when something is damaged), `inspect` prints the
 * batches as OTLP/JSON, one a line, and `drain` sends them without taking anything new (exit code 1 when something is left). All but `drain` may run beside a sidecar.
 */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...configOptions, ...queueOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [what = 'show', exporter, ...more] = positionals
  if (more.length > 0 || (exporter !== undefined && what !== 'inspect')) throw new UsageError('queue: too many words')
  // What does without the components starts in a fraction of their time.
  if (what === 'drain') return (await import('./queue/drain.ts')).drainQueues(values, io)
  const queues = await readQueues(values, io)
  if (what === 'show') io.stdout.write(values.json === true ? `${JSON.stringify(queues.map(shown))}\n` : table(queues))
  else if (what === 'verify') return verify(queues, values.json === true, io)
  else if (what === 'inspect') inspect(queues, exporter, countOf(values.batches), io)
  else throw new UsageError(`queue ${what}: it is show, verify, inspect or drain`)
  return EXIT_OK
}

const shown = ({ exporter, signal, batches, items, bytes, oldest, folder }: Queue): object => ({
  exporter,
  signal,
  batches,
  items,
  bytes,
  oldest: oldest?.toISOString() ?? null,
  folder,
})

function table(queues: readonly Queue[]): string {
  if (queues.length === 0) return 'No exporter has a queue on disk here.\n'
  // Of workers, or of a storage that was another before.
  const hasFolders = new Set(queues.map(({ exporter, signal }) => `${signal} ${exporter}`)).size < queues.length
  const rows = queues.map(({ exporter, signal, batches, items, bytes, oldest, folder }) => [
    exporter,
    signal,
    String(batches),
    String(items),
    String(bytes),
    oldest?.toISOString() ?? '',
    ...(hasFolders ? [folder] : []),
  ])
  const head = ['exporter', 'signal', 'batches', 'items', 'bytes', 'oldest', ...(hasFolders ? ['folder'] : [])]
  return textTable([head, ...rows], [2, 3, 4])
}

function verify(queues: readonly Queue[], asJson: boolean, io: CommandIo): number {
  const bad = queues.filter(({ damaged, unreadable }) => damaged > 0 || unreadable.length > 0)
  if (asJson) {
    const all = queues.map((queue) => ({
      ...shown(queue),
      damaged: queue.damaged,
      torn_bytes: queue.tornBytes,
      unreadable: queue.unreadable,
    }))
    io.stdout.write(`${JSON.stringify(all)}\n`)
  } else {
    for (const { exporter, signal, batches, damaged, tornBytes, unreadable } of queues) {
      io.stdout.write(`${exporter} ${signal}: ${batches} sound batches wait`)
      if (tornBytes > 0) io.stdout.write(`; ${tornBytes} bytes of a write that did not end, which nobody was told of`)
      if (damaged > 0) io.stdout.write(`; damaged in ${damaged} places: what stood there is lost`)
      if (unreadable.length > 0) io.stdout.write(`; can't be read: ${unreadable.join(', ')}`)
      io.stdout.write('\n')
    }
    if (queues.length === 0) io.stdout.write('No exporter has a queue on disk here.\n')
  }
  return bad.length === 0 ? EXIT_OK : EXIT_FAILED
}

function inspect(queues: readonly Queue[], exporter: string | undefined, count: number, io: CommandIo): void {
  const chosen = queues.filter((queue) => exporter === undefined || queue.exporter === exporter)
  if (exporter !== undefined && chosen.length === 0) {
    const known = queues.map((queue) => queue.exporter).join(', ')
    throw new UsageError(
      `queue inspect ${exporter}: there is no such queue${known === '' ? '' : `; there are ${known}`}`,
    )
  }
  let left = count
  for (const { signal, folder } of chosen) {
    for (const id of segmentIds(folder)) {
      const segment = readSegment(segmentPath(folder, id))
      for (const { offset, length } of segment.left) {
        if (left-- <= 0) return
        io.stdout.write(`${protobufToJson(signal, segment.bytes.subarray(offset, offset + length))}\n`)
      }
    }
  }
}

function countOf(text: string | undefined): number {
  if (text === undefined) return 10
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`--batches ${text}: it is a number above 0`)
  return count
}
