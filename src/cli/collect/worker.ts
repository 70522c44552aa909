import { Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Collector } from '../../sidecar/collector.ts'
import { faultOf } from '../../sidecar/fault.ts'
import type { HealthReason, QueueFigures } from '../../sidecar/health.ts'
import { createLogger } from '../../sidecar/log.ts'
import { OwnMetricsRegistry } from '../../sidecar/own-metrics.ts'
import { workerFolder } from '../../sidecar/queue/left-queues.ts'
import { systemClock } from '../../sidecar/system-clock.ts'
import { configOfWorker } from '../../sidecar/workers/divide-config.ts'
import { isRequest, LINK_FD } from '../../sidecar/workers/messages.ts'
import type { Report } from '../../sidecar/workers/messages.ts'
import { WorkerLink } from '../../sidecar/workers/worker-link.ts'
import { EXIT_FAILED, EXIT_OK } from '../command.ts'
import type { CommandIo } from '../command.ts'
import { logOutput } from '../log-output.ts'
import { programOf, stateFolderOf } from '../program.ts'
import { readConfig } from '../read-config.ts'
import type { ConfigFlags } from '../read-config.ts'

const HEALTH_MS = 1000

interface WorkerHealth {
  readonly reasons: readonly HealthReason[]
  readonly queues: readonly QueueFigures[]
}

/** One of several workers. It stops when the first process says so or is gone, and on SIGTERM; the terminal's Ctrl-C is the first process' affair. */
export async function runWorker(number: number, flags: ConfigFlags, io: CommandIo): Promise<number> {
  const config = await readConfig(flags, io)
  const { logs } = config.service.telemetry
  const fields = { ...logs.initial_fields, worker: String(number) }
  const log = createLogger({ ...logs, initial_fields: fields }, logOutput(logs.output_paths, io), {
    onEntry: (entry) => report({ say: 'log', entry }),
  })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => stop(EXIT_OK))
  process.on('disconnect', () => stop(EXIT_OK))
  process.on('uncaughtException', (error) => {
    log.error(faultOf(error), 'a fault of the worker: it sends what it has and ends')
    stop(EXIT_FAILED)
  })
  const metrics = new OwnMetricsRegistry()
  const link = new WorkerLink(new Socket({ fd: LINK_FD }), metrics)
  let collector: Collector
  try {
    collector = new Collector(config, {
      clock: systemClock,
      logger: log,
      random: Math.random,
      stateFolder: workerFolder(stateFolderOf(io, config.service.state_folder), number),
      env: io.env,
      program: programOf(io),
      metrics,
      partOf: configOfWorker,
      handOn: (pipeline) => link.target(pipeline),
      readConfig: () => readConfig(flags, io),
      configChanged: ({ service }) => log.setLevel(service.telemetry.logs.level),
    })
    await collector.start()
  } catch (error) {
    log.error({}, `the worker can't start: ${error instanceof Error ? error.message : String(error)}`)
    return EXIT_FAILED
  }
  process.on('message', (message: unknown) => {
    if (!isRequest(message)) return
    if (message.ask === 'stop') return stop(EXIT_OK)
    const { ask } = message
    if (ask === 'metrics') report({ say: ask, number: message.number, metrics: metrics.snapshot() })
    else
      void collector.reload('first process').then((reloaded) => report({ say: ask, number: message.number, reloaded }))
  })
  report({ say: 'ready', listening: collector.listening() })
  reportHealth(() => ({ reasons: collector.health().reasons, queues: collector.queues() }))
  const exitCode = await stopped
  return (await collector.stop()) > 0 ? EXIT_FAILED : exitCode
}

/** When it has changed. */
function reportHealth(read: () => WorkerHealth): void {
  let last: WorkerHealth | undefined
  const look = (): void => {
    const now = read()
    if (!isDeepStrictEqual(now, last)) report({ say: 'health', ...now })
    last = now
    systemClock.after(HEALTH_MS, look)
  }
  look()
}

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}
