import { parseArgs } from 'node:util'
import { problemLine } from '../sidecar/config/problem.ts'
import { faultOf } from '../sidecar/fault.ts'
import { createLogger } from '../sidecar/log.ts'
import { WORKER_VARIABLE } from '../sidecar/workers/messages.ts'
import { ReloadingSidecar } from './collect/reloading-sidecar.ts'
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { findSidecar, hasLimits } from './find-sidecar.ts'
import { collectAfterStart } from './keep-heap-small.ts'
import { logOutput } from './log-output.ts'
import { collectOptions } from './options.ts'
import { programOf, stateFolderOf } from './program.ts'
import { readConfig } from './read-config.ts'
import { sendReady } from './ready-message.ts'
import { startAdvice } from './start-advice.ts'
import { stopRequest } from './stop-request.ts'

/** The sidecar, until it is asked to stop. Exit code 1 when it can't start, or when items were lost in the stop. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: collectOptions })
  const worker = Number(io.env[WORKER_VARIABLE])
  if (worker > 0 && process.connected) return (await import('./collect/worker.ts')).runWorker(worker, values, io)
  const config = await readConfig(values, io)
  const { http, shutdown_timeout: shutdownTimeoutMs, telemetry } = config.service
  const found = values['unless-running'] === true ? await findSidecar(http.endpoint, programOf(io)) : undefined
  if (found !== undefined) {
    const wantsLimits = config.extensionOrder.some((id) => config.extensions.get(id)?.definition.type === 'guard')
    if (wantsLimits && !(await hasLimits(found))) {
      io.stderr.write(
        `spanwarden: the sidecar that answers already at ${found.url} has no limits, and this configuration has: stop that one, or add the extension guard to its configuration\n`,
      )
      return EXIT_CONFIG
    }
    await sendReady({ listening: found.listening, found: found.url, shutdownTimeoutMs })
    return EXIT_OK
  }
  const log = createLogger(telemetry.logs, logOutput(telemetry.logs.output_paths, io))
  for (const warning of config.warnings) log.warn({}, problemLine(warning))
  const sidecar = new ReloadingSidecar(values, config, log, io)
  let isBroken = false
  const stop = stopRequest(() => sidecar.reload('SIGHUP'))
  process.on('uncaughtException', (error) => {
    // The default would print the message, and a message can quote a batch.
    log.error(faultOf(error), 'a fault of the sidecar: it sends what it has and ends')
    isBroken = true
    stop.request('fault')
  })
  try {
    await sidecar.start(argv)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    log.error(
      {},
      `the sidecar can't start: ${message}${startAdvice(message, stateFolderOf(io, config.service.state_folder))}`,
    )
    return EXIT_FAILED
  }
  const { listening, spoolOf } = sidecar
  log.info({ listening }, 'the sidecar is ready')
  collectAfterStart()
  await sendReady({ listening, shutdownTimeoutMs, ...(spoolOf === undefined ? {} : { spoolOf }) })

  log.info({ reason: await stop.requested }, 'the sidecar stops')
  const lostItems = await sidecar.stop()
  log.info({ lost_items: lostItems }, 'the sidecar has stopped')
  return lostItems > 0 || isBroken ? EXIT_FAILED : EXIT_OK
}
