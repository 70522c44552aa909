import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface JudgedSidecarOptions {
  /** `cli.js`, or its source. */
  readonly cli: string
  readonly configFile: string
  readonly stateFolder: string
}

/** What GET /api/guard says of an account, in USD. */
export interface SeenAccount {
  readonly budget: string
  readonly value: string
  readonly window: string
  readonly limit_usd: number
  readonly committed_usd: number
  readonly held_usd: number
}
export interface SeenGuard {
  readonly budgets: readonly SeenAccount[]
  readonly holds: readonly { readonly state: string; readonly process: string }[]
  readonly stops: readonly { readonly scope: string; readonly value: string; readonly reason: string }[]
}

/** `spanwarden collect`, again and again with the same files, with a clock that can be stepped. */
export class JudgedSidecar {
  readonly #options: JudgedSidecarOptions
  #child: ChildProcess | undefined
  #url: string | undefined
  #clockOffsetMs: number
  output = ''
  starts = 0
  readonly faults: string[] = []

  constructor(options: JudgedSidecarOptions, clockOffsetMs: number) {
    this.#options = options
    this.#clockOffsetMs = clockOffsetMs
  }

  get isUp(): boolean {
    return this.#url !== undefined
  }

  async start(): Promise<void> {
    const { cli, configFile, stateFolder } = this.#options
    const { PATH, HOME, TMPDIR } = process.env
    const clock = join(import.meta.dirname, 'shifted-clock.mjs')
    const child = spawn(process.execPath, ['--import', clock, cli, 'collect', '--config', configFile], {
      env: {
        PATH,
        HOME,
        TMPDIR,
        SPANWARDEN_STATE_DIR: stateFolder,
        JUDGE_CLOCK_OFFSET_MS: String(this.#clockOffsetMs),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.starts++
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output = (this.output + text).slice(-100_000)))
    const first: unknown = await Promise.race([
      once(child, 'message').then(([message]: unknown[]) => message),
      once(child, 'close').then(() => undefined),
    ])
    if (!isReady(first)) throw new Error(`the sidecar did not start:\n${this.output}`)
    this.#url = first.listening['control']
    child.once('close', (code, signal) => {
      if (this.#child !== child) return
      this.#child = this.#url = undefined
      this.faults.push(`the sidecar ended by itself (${code ?? signal}):\n${this.output.slice(-3000)}`)
    })
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#url = undefined
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  /** Resolves when the clock is as it should be: at once for one that starts later. */
  async setClock(offsetMs: number): Promise<void> {
    this.#clockOffsetMs = offsetMs
    const child = this.#child
    if (child === undefined || !this.isUp) return
    const isSet = new Promise<void>((resolve) => {
      const look = (message: unknown): void => {
        if (typeof message !== 'object' || message === null || Reflect.get(message, 'clockOffsetMs') !== offsetMs)
          return
        child.off('message', look)
        resolve()
      }
      child.on('message', look)
      child.once('close', () => resolve())
    })
    child.send({ clockOffsetMs: offsetMs })
    await isSet
  }

  /** Undefined while it is away. */
  async look(): Promise<SeenGuard | undefined> {
    if (this.#url === undefined) return undefined
    try {
      const response = await fetch(`${this.#url}/api/guard`)
      return (await response.json()) as SeenGuard
    } catch {
      return undefined
    }
  }
}

const isReady = (value: unknown): value is { readonly listening: Readonly<Record<string, string>> } =>
  typeof value === 'object' && value !== null && 'listening' in value
