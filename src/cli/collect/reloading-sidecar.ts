import { resolve } from 'node:path'
import { Collector } from '../../sidecar/collector.ts'
import type { CollectorEnvironment } from '../../sidecar/build-collector.ts'
import { problemLine } from '../../sidecar/config/problem.ts'
import type { SidecarConfig } from '../../sidecar/config.ts'
import { FileWatch } from '../../sidecar/file-watch.ts'
import type { SidecarLog } from '../../sidecar/log.ts'
import { OwnMetricsRegistry } from '../../sidecar/own-metrics.ts'
import { systemClock } from '../../sidecar/system-clock.ts'
import type { WorkerPool } from '../../sidecar/workers/worker-pool.ts'
import type { CommandIo } from '../command.ts'
import { programOf, stateFolderOf } from '../program.ts'
import { readConfig } from '../read-config.ts'
import type { ConfigFlags, ReadConfig } from '../read-config.ts'
import { removeSidecarAddress, writeSidecarAddress } from '../sidecar-address.ts'

/** A sidecar, with its workers, whose configuration is read again when its files change or somebody asks for it. */
export class ReloadingSidecar {
  readonly #flags: ConfigFlags
  readonly #log: SidecarLog
  readonly #io: CommandIo
  readonly #stateFolder: string
  readonly #watch: FileWatch
  #config: ReadConfig
  #collector: Collector | undefined
  #pool: WorkerPool | undefined
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

  /** Throws, with the name of the component, when something can't be made or can't start. `argv`: the arguments for workers. */
  async start(argv: readonly string[]): Promise<void> {
    const { workers } = this.#config.service
    const metrics = new OwnMetricsRegistry()
    const environment: CollectorEnvironment = {
      clock: systemClock,
      logger: this.#log,
      random: Math.random,
      stateFolder: this.#stateFolder,
      env: this.#io.env,
      program: programOf(this.#io),
      metrics,
      readConfig: () => this.#read(),
      configChanged: (config) => this.#adopt(config),
      recentLog: () => this.#log.recent(),
    }
    if (workers === 1) {
      const collector = new Collector(this.#config, environment)
      await collector.start()
      this.#collector = collector
    } else this.#collector = await this.#startWithWorkers(workers, environment, metrics, argv)
    this.#tellAddress()
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

  /** Returns the number of items that were lost; a worker that had to be ended counts as one. */
  async stop(): Promise<number> {
    this.#watch.close()
    removeSidecarAddress(this.#stateFolder, process.pid)
    const failedWorkers = (await this.#pool?.stop(this.#config.service.shutdown_timeout + STOP_GRACE_MS)) ?? 0
    return failedWorkers + ((await this.#collector?.stop()) ?? 0)
  }

  /** The first process listens for its workers before there are any. */
  async #startWithWorkers(
    count: number,
    environment: CollectorEnvironment,
    metrics: OwnMetricsRegistry,
    argv: readonly string[],
  ): Promise<Collector> {
    // They are seldom asked for, and cost time at each start.
    const { WorkerPool } = await import('../../sidecar/workers/worker-pool.ts')
    const { configOfFirst } = await import('../../sidecar/workers/divide-config.ts')
    const pool = new WorkerPool({
      count,
      exec: this.#io.entry,
      args: ['collect', ...argv],
      clock: systemClock,
      logger: this.#log,
      metrics,
      take: (batch) => collector.take(batch),
      onLog: (entry) => this.#log.remember(entry),
    })
    const collector = new Collector(this.#config, { ...environment, partOf: configOfFirst, workers: pool })
    await collector.start()
    try {
      await pool.start()
    } catch (error) {
      await pool.stop(0)
      await collector.stop()
      throw error
    }
    this.#pool = pool
    return collector
  }

  async #read(): Promise<ReadConfig> {
    this.#config = await readConfig(this.#flags, this.#io)
    return this.#config
  }

  #adopt(config: SidecarConfig): void {
    for (const warning of config.warnings) this.#log.warn({}, problemLine(warning))
    this.#log.setLevel(config.service.telemetry.logs.level)
    if (this.#collector !== undefined) this.#tellAddress()
  }

  #tellAddress(): void {
    const { control } = this.listening
    if (control === undefined) return
    const { extensions, extensionOrder } = this.#config
    const guard = extensionOrder.map((id) => extensions.get(id)).find((one) => one?.definition.type === 'guard')
    const tokenFile: unknown = Reflect.get(Object(guard?.config), 'token_file')
    const url = control.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]')
    try {
      writeSidecarAddress(this.#stateFolder, {
        pid: process.pid,
        control: url,
        ...(typeof tokenFile === 'string' && tokenFile !== '' ? { tokenFile: resolve(tokenFile) } : {}),
      })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
      this.#log.warn({ code }, 'commands will not find this sidecar: its address could not be written')
    }
  }
}

/** Beyond their own `shutdown_timeout`, before workers are killed. */
const STOP_GRACE_MS = 2000
