import { parseArgs } from 'node:util'
import { Collector } from '../sidecar/collector.ts'
import { problemLine } from '../sidecar/config/problem.ts'
import { faultOf } from '../sidecar/fault.ts'
import { createLogger } from '../sidecar/log.ts'
import { systemClock } from '../sidecar/system-clock.ts'
import { EXIT_FAILED, EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { findSidecar } from './find-sidecar.ts'
import { collectOptions } from './options.ts'
import { programOf, stateFolderOf } from './program.ts'
import { readConfig } from './read-config.ts'
import { sendReady } from './ready-message.ts'

/** The sidecar, until it is asked to stop. Exit code 1 when it can't start, or when items were lost in the stop. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: collectOptions })
  const config = readConfig(values, io)
  const { http, shutdown_timeout: shutdownTimeoutMs } = config.service
  const found = values['unless-running'] === true ? await findSidecar(http.endpoint, programOf(io)) : undefined
  if (found !== undefined) {
    await sendReady({ listening: found.listening, found: found.url, shutdownTimeoutMs })
    return EXIT_OK
  }
  const logger = createLogger(config.service.telemetry.logs, io.stderr)
  for (const warning of config.warnings) logger.warn({}, problemLine(warning))
  const stateFolder = stateFolderOf(io, config.service.state_folder)
  const stop = stopRequested()
  let isBroken = false
  process.on('uncaughtException', (error) => {
    // The default would print the message, and a message can quote a batch.
    logger.error(faultOf(error), 'a fault of the sidecar: it sends what it has and ends')
    isBroken = true
    stop.request('fault')
  })
  let collector: Collector
  try {
    collector = new Collector(config, {
      clock: systemClock,
      logger,
      random: Math.random,
      stateFolder,
      env: io.env,
      program: programOf(io),
    })
    await collector.start()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const advice = message.includes('EADDRINUSE')
      ? '; does another sidecar run? If so use that, or give this one other endpoints'
      : ''
    logger.error({}, `the sidecar can't start: ${message}${advice}`)
    return EXIT_FAILED
  }
  const listening = collector.listening()
  logger.info({ listening }, 'the sidecar is ready')
  await sendReady({ listening, shutdownTimeoutMs, ...(collector.readsSpool ? { spoolOf: stateFolder } : {}) })

  logger.info({ reason: await stop.requested }, 'the sidecar stops')
  const lostItems = await collector.stop()
  logger.info({ lost_items: lostItems }, 'the sidecar has stopped')
  return lostItems > 0 || isBroken ? EXIT_FAILED : EXIT_OK
}

/** `requested` resolves with the reason of the first request to stop; a second signal ends the process at once. */
function stopRequested(): { requested: Promise<string>; request(reason: string): void } {
  const { promise: requested, resolve } = Promise.withResolvers<string>()
  let signals = 0
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(EXIT_FAILED)
      resolve(signal)
    })
  }
  // The parent that started this sidecar for its agent is gone, however it ended.
  if (process.connected) process.on('disconnect', () => resolve('disconnect'))
  return { requested, request: resolve }
}
