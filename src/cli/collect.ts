import { parseArgs } from 'node:util'
import { Collector } from '../sidecar/collector.ts'
import { problemLine } from '../sidecar/config/problem.ts'
import type { SidecarConfig } from '../sidecar/config.ts'
import { faultOf } from '../sidecar/fault.ts'
import { FileWatch } from '../sidecar/file-watch.ts'
import { createLogger } from '../sidecar/log.ts'
import type { SidecarLog } from '../sidecar/log.ts'
import { systemClock } from '../sidecar/system-clock.ts'
import { EXIT_FAILED, EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { findSidecar } from './find-sidecar.ts'
import { logOutput } from './log-output.ts'
import { collectOptions } from './options.ts'
import { programOf, stateFolderOf } from './program.ts'
import { readConfig } from './read-config.ts'
import type { ConfigFlags, ReadConfig } from './read-config.ts'
import { sendReady } from './ready-message.ts'
import { stopRequest } from './stop-request.ts'

/** The sidecar, until it is asked to stop. Exit code 1 when it can't start, or when items were lost in the stop. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: collectOptions })
  const config = readConfig(values, io)
  const { http, shutdown_timeout: shutdownTimeoutMs, telemetry } = config.service
  const found = values['unless-running'] === true ? await findSidecar(http.endpoint, programOf(io)) : undefined
  if (found !== undefined) {
    await sendReady({ listening: found.listening, found: found.url, shutdownTimeoutMs })
    return EXIT_OK
  }
  const log = createLogger(telemetry.logs, logOutput(telemetry.logs.output_paths, io))
  warn(config, log)
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
    await sidecar.start()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const advice = message.includes('EADDRINUSE')
      ? '; does another sidecar run? If so use that, or give this one other endpoints'
      : ''
    log.error({}, `the sidecar can't start: ${message}${advice}`)
    return EXIT_FAILED
  }
  const { listening, spoolOf } = sidecar
  log.info({ listening }, 'the sidecar is ready')
  await sendReady({ listening, shutdownTimeoutMs, ...(spoolOf === undefined ? {} : { spoolOf }) })

  log.info({ reason: await stop.requested }, 'the sidecar stops')
  const lostItems = await sidecar.stop()
  log.info({ lost_items: lostItems }, 'the sidecar has stopped')
  return lostItems > 0 || isBroken ? EXIT_FAILED : EXIT_OK
}

const warn = ({ warnings }: SidecarConfig, log: SidecarLog): void => {
  for (const warning of warnings) log.warn({}, problemLine(warning))
}

/** A sidecar whose configuration is read again when its files change or somebody asks for it. */
class ReloadingSidecar {
  readonly #flags: ConfigFlags
  readonly #log: SidecarLog
  readonly #io: CommandIo
  readonly #stateFolder: string
  #config: ReadConfig
  #collector: Collector | undefined
  readonly #watch: FileWatch
  /** Why the configuration is to be read again as soon as there is a collector. */
  #reloadAfterStart: string | undefined

  constructor(flags: ConfigFlags, config: ReadConfig, log: SidecarLog, io: CommandIo) {
    this.#flags = flags
    this.#config = config
    this.#log = log
    this.#io = io
    this.#stateFolder = stateFolderOf(io, config.service.state_folder)
    this.#watch = new FileWatch({
      files: () => this.#config.files,
      settings: () => {
        const { on_change: isOn, settle_time: settleMs, poll_interval: pollMs } = this.#config.service.reload
        return { isOn, settleMs, pollMs }
      },
      clock: systemClock,
      onChange: () => this.reload('file change'),
    })
  }

  /** Throws, with the name of the component, when something can't be made or can't start. */
  async start(): Promise<void> {
    const collector = new Collector(this.#config, {
      clock: systemClock,
      logger: this.#log,
      random: Math.random,
      stateFolder: this.#stateFolder,
      env: this.#io.env,
      program: programOf(this.#io),
      readConfig: () => this.#read(),
      configChanged: (config) => this.#adopt(config),
      recentLog: () => this.#log.recent(),
    })
    await collector.start()
    this.#collector = collector
    if (this.#reloadAfterStart !== undefined) this.reload(this.#reloadAfterStart)
  }

  get listening(): Readonly<Record<string, string>> {
    return this.#collector?.listening() ?? {}
  }

  /** Where agents on this host leave what it takes in. */
  get spoolOf(): string | undefined {
    return this.#collector?.readsSpool === true ? this.#stateFolder : undefined
  }

  reload(cause: string): void {
    if (this.#collector === undefined) this.#reloadAfterStart = cause
    else void this.#collector.reload(cause)
  }

  async stop(): Promise<number> {
    this.#watch.close()
    return (await this.#collector?.stop()) ?? 0
  }

  #read(): ReadConfig {
    this.#config = readConfig(this.#flags, this.#io)
    return this.#config
  }

  #adopt(config: SidecarConfig): void {
    warn(config, this.#log)
    this.#log.setLevel(config.service.telemetry.logs.level)
  }
}
