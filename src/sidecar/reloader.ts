import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Clock, Counter, Logger } from './component.ts'
import type { SidecarConfig } from './config.ts'
import { hideSecrets } from './config/hide-secrets.ts'
import { ConfigError } from './config/problem.ts'
import type { ConfigHealth } from './health.ts'
import type { OwnMetricsRegistry, ScopedMetrics } from './own-metrics.ts'

export interface ReloaderOptions {
  readonly running: SidecarConfig
  /** The configuration as its files say now. Throws ConfigError, or rejects with it. */
  read(): SidecarConfig | Promise<SidecarConfig>
  /** Puts it in the place of the one that runs; throws when that goes on instead. */
  apply(config: SidecarConfig): Promise<void>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  readonly metrics: OwnMetricsRegistry
}

/** What became of a reload. A configuration that is as before is not built again. */
export type Reloaded =
  | { readonly result: 'applied' | 'unchanged'; readonly hash: string }
  | { readonly result: 'failed'; readonly hash: string; readonly problem: string }

/** Reads the configuration again when it is asked to, one at a time, and keeps what runs when the new one is no good. */
export class Reloader {
  readonly #options: ReloaderOptions
  readonly #reloads: Readonly<Record<Reloaded['result'], Counter>>
  readonly #about: ScopedMetrics
  #running: SidecarConfig
  #hash: string
  #loadedMs: number
  #problem: { readonly message: string; readonly atMs: number } | undefined
  /** One runs; whoever asks meanwhile shares one more, for the files may have changed behind the first. */
  #current: Promise<Reloaded> | undefined
  #next: Promise<Reloaded> | undefined

  constructor(options: ReloaderOptions) {
    const { running, clock, metrics } = options
    this.#options = options
    this.#running = running
    this.#hash = hashOf(this.#running)
    this.#loadedMs = clock.now()
    const counter = (result: Reloaded['result']): Counter =>
      metrics.counter('spanwarden_config_reloads', 'Configurations that were read again, by what became of them.', {
        result,
      })
    this.#reloads = { applied: counter('applied'), unchanged: counter('unchanged'), failed: counter('failed') }
    metrics.gauge(
      'spanwarden_config_last_reload_successful',
      '0 while the files hold a configuration that could not be loaded.',
      {},
      () => (this.#problem === undefined ? 1 : 0),
    )
    metrics.gauge(
      'spanwarden_config_loaded_timestamp_seconds',
      'When the running configuration was loaded, in seconds since 1970.',
      {},
      () => this.#loadedMs / 1000,
    )
    this.#about = metrics.scoped()
    this.#describe()
  }

  reload(cause: string): Promise<Reloaded> {
    if (this.#current === undefined) {
      this.#current = this.#reload(cause).finally(() => (this.#current = undefined))
      return this.#current
    }
    this.#next ??= this.#current.then(() => {
      this.#next = undefined
      return this.reload(cause)
    })
    return this.#next
  }

  health(): ConfigHealth {
    const about = { hash: this.#hash, loaded_at: new Date(this.#loadedMs).toISOString() }
    if (this.#problem === undefined) return about
    const { message, atMs } = this.#problem
    return { ...about, problem: { message, at: new Date(atMs).toISOString() } }
  }

  async #reload(cause: string): Promise<Reloaded> {
    const { clock, logger } = this.#options
    try {
      const config = await this.#options.read()
      const isSame = isDeepStrictEqual(config.merged, this.#running.merged)
      if (!isSame) {
        await this.#options.apply(config)
        this.#running = config
        this.#hash = hashOf(config)
        this.#loadedMs = clock.now()
        this.#describe()
      }
      this.#problem = undefined
      const reloaded = { result: isSame ? 'unchanged' : 'applied', hash: this.#hash } as const
      this.#reloads[reloaded.result].add(1)
      logger.info({ cause, hash: reloaded.hash }, `the configuration was read again: ${reloaded.result}`)
      return reloaded
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.#problem = { message: problem, atMs: clock.now() }
      this.#reloads.failed.add(1)
      const problems = error instanceof ConfigError ? error.problems.length : 1
      logger.error({ cause, problems, problem }, 'the new configuration is not used; the one before goes on')
      return { result: 'failed', hash: this.#hash, problem }
    }
  }

  #describe(): void {
    this.#about.close()
    const labels = { hash: this.#hash }
    this.#about.gauge('spanwarden_config_info', 'Always 1; says which configuration runs.', labels, () => 1)
  }
}

const HASH_DIGITS = 16

/** Without the secrets: it is shown where they are not, and a short one could be guessed from it. */
const hashOf = ({ merged }: SidecarConfig): string =>
  createHash('sha256')
    .update(JSON.stringify(hideSecrets(merged)))
    .digest('hex')
    .slice(0, HASH_DIGITS)
