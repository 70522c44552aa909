import { Collector } from '../../sidecar/collector.ts'
import { createLogger } from '../../sidecar/log.ts'
import { systemClock } from '../../sidecar/system-clock.ts'
import { EXIT_FAILED, EXIT_OK, UsageError } from '../command.ts'
import type { CommandIo } from '../command.ts'
import { programOf, stateFolderOf } from '../program.ts'
import { readConfig } from '../read-config.ts'
import type { ConfigFlags } from '../read-config.ts'
import { readQueues } from './read-queues.ts'

const TIMEOUT_S_DEFAULT = 60

/** Sends what waits on disk with the configured exporters, and takes nothing in. A running sidecar holds its queues: then it is said who does. */
export async function drainQueues(
  { timeout, ...config }: ConfigFlags & { readonly timeout?: string | undefined },
  io: CommandIo,
): Promise<number> {
  const seconds = timeout === undefined ? TIMEOUT_S_DEFAULT : Number(timeout)
  if (!(seconds > 0)) throw new UsageError(`--timeout ${timeout}: it is a number of seconds above 0`)
  const checked = await readConfig(config, io)
  const collector = new Collector(checked, {
    clock: systemClock,
    logger: createLogger(checked.service.telemetry.logs, io.stderr),
    random: Math.random,
    stateFolder: stateFolderOf(io, checked.service.state_folder),
    env: io.env,
    program: programOf(io),
  })
  // The sidecar's timers do not keep a process alive, and nothing listens.
  const alive = setInterval(() => {}, 60_000)
  const left = await collector.drainQueues(seconds * 1000).finally(() => clearInterval(alive))
  const elsewhere = left === 0 ? (await readQueues(config, io)).filter(({ items }) => items > 0) : []
  if (left > 0) io.stdout.write(`${left} items are left: their backends did not take them.\n`)
  else if (elsewhere.length === 0) io.stdout.write('The queues are empty.\n')
  for (const { exporter, signal, items, folder } of elsewhere)
    io.stdout.write(
      `${items} items (${signal}) are left in ${folder}, which is no queue of this configuration: name ${exporter} in it as it was, with its storage, and drain again\n`,
    )
  return left === 0 && elsewhere.length === 0 ? EXIT_OK : EXIT_FAILED
}
