import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { bundleCli } from '../support/bundled-cli.ts'
import { bundlePreload } from '../support/bundled-preload.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { projectFolder } from '../support/run-agent.ts'
import { judgeConfig } from './judge-config.ts'
import { JudgedSidecar } from './judged-sidecar.ts'
import type { SeenAccount } from './judged-sidecar.ts'
import { hostMs, judgePrices, startModelBank } from './model-bank.ts'
import type { ModelBank } from './model-bank.ts'
import { blowText, planOf } from './plan.ts'
import type { Blow, PlannedBlow, StoreOutage } from './plan.ts'
import { readLedgers } from './read-ledger.ts'
import { verdictOf } from './verdict.ts'
import type { SeenWindow, Verdict } from './verdict.ts'

export interface JudgeOptions {
  readonly seed: number
  readonly windows: number
  /** Blows come in the first so many ms of a window; it lasts until it is used up. */
  readonly windowMs: number
  readonly processes: number
  /** Of each process, at the same time. */
  readonly calls: number
  /** Of the fleet in one window, in calls at their most: how small calls are against the cap. */
  readonly capCalls: number
  readonly leaseMs: number
  /** The command line as one bundle: many restarts are many starts. */
  readonly isBundled: boolean
  /** More than one are a fleet over Redis: one window only, for its clock can't be stepped. */
  readonly sidecars: number
  readonly beginsCalm: boolean
  readonly log: (line: string) => void
}

/** The most that one call of the agents can cost, about; the cap is in these. */
const CALL_NANO_MAX = 2_600_000
const POSTS_PER_HOUR = 20
/** A window that is not used up by then is a failure: the cap is not usable. */
const WINDOW_MS_MAX = 300_000
const USED_SHARE = 0.9
const HOUR_MS = 3_600_000
/** The first window, in the sidecar's time. */
const FIRST_HOUR = Date.parse('2026-11-21T10:00:00Z')
const AGENT_NAMES = ['alpha', 'beta'] as const

/** Runs agents against limits under blows, and says by the model server's own books whether the limits held. */
export async function runJudge(options: JudgeOptions): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwarden-judge-'))
  try {
    return await new Judge(options, folder, await startModelBank(options.seed)).run()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

class Judge {
  readonly #options: JudgeOptions
  readonly #folder: string
  readonly #bank: ModelBank
  readonly #agents: (ChildProcess | undefined)[] = []
  readonly #counts = new Map<number, Readonly<Record<string, number>>>()
  readonly #windows: SeenWindow[] = []
  readonly #blows: Promise<unknown>[] = []
  readonly #overCap: string[] = []
  readonly #caps: Readonly<Record<string, number>>
  /** What agents have written to stderr, and how often: a guard that fails says so. */
  readonly #said = new Map<string, number>()
  #preload = { register: '', api: '' }
  readonly #sidecars: JudgedSidecar[] = []
  #store: RedisServer | undefined
  #spawned = 0
  #isOver = false

  constructor(options: JudgeOptions, folder: string, bank: ModelBank) {
    this.#options = options
    this.#folder = folder
    this.#bank = bank
    const fleet = options.capCalls * CALL_NANO_MAX
    this.#caps = { fleet, agents: Math.floor(fleet * 0.6) }
  }

  async run(): Promise<Verdict> {
    const { seed, windows, windowMs, processes, leaseMs, sidecars, beginsCalm, log } = this.#options
    const plan = planOf({ seed, windows, windowMs, agents: processes, leaseMs, sidecars, beginsCalm })
    this.#preload = await bundlePreload(this.#folder)
    if (this.#isFleet) this.#store = await startRedis()
    await this.#makeSidecars()
    await Promise.all(this.#sidecars.map((sidecar) => sidecar.start()))
    for (let agent = 0; agent < processes; agent++) this.#startAgent(agent)
    const looking = this.#watchCaps()
    try {
      for (const [window, blows] of plan.entries()) {
        if (window > 0) await this.#turn(window)
        await this.#window(window, blows)
      }
      this.#bank.isFlaky = false
      await this.#endAgents()
      const openHolds = await this.#settled()
      this.#isOver = true
      await looking
      await Promise.all(this.#sidecars.map((sidecar) => sidecar.end('SIGTERM')))
      const starts = this.#sidecars.reduce((sum, sidecar) => sum + sidecar.starts, 0)
      log(`agents: ${this.#summary()}; ${this.#spawned} processes, ${starts} starts of ${sidecars} sidecars`)
      for (const [line, count] of this.#said) log(`agents said ${count} ×: ${line}`)
      return verdictOf({
        bills: this.#bank.bills,
        windows: this.#windows,
        caps: this.#caps,
        postsMax: POSTS_PER_HOUR,
        usedShare: USED_SHARE,
        ledger: readLedgers(this.#ledgerFiles),
        openHolds,
        overCap: this.#overCap,
        faults: [
          ...this.#faults,
          ...[...this.#said].filter(([line]) => line.includes('fault')).map(([line, count]) => `${count} × ${line}`),
        ],
      })
    } finally {
      this.#isOver = true
      for (const agent of this.#agents) agent?.kill('SIGKILL')
      await Promise.all(this.#sidecars.map((sidecar) => sidecar.end('SIGKILL')))
      await this.#store?.kill()
      await this.#bank[Symbol.asyncDispose]()
    }
  }

  get #isFleet(): boolean {
    return this.#options.sidecars > 1
  }

  get #faults(): readonly string[] {
    return this.#sidecars.flatMap(({ faults }) => faults)
  }

  async #makeSidecars(): Promise<void> {
    const { leaseMs, isBundled, sidecars } = this.#options
    const config = judgeConfig({ caps: this.#caps, postsPerHour: POSTS_PER_HOUR, leaseMs, storeUrl: this.#store?.url })
    const cli = isBundled ? await bundleCli(join(this.#folder, 'cli')) : join(projectFolder, 'src/cli.ts')
    const configFile = join(this.#folder, 'config.json')
    await writeFile(configFile, JSON.stringify(config))
    await writeFile(join(this.#folder, 'prices.json'), JSON.stringify(judgePrices))
    for (let index = 0; index < sidecars; index++)
      this.#sidecars.push(
        new JudgedSidecar({ cli, configFile, stateFolder: this.#stateFolder(index) }, this.#offsetOf(0)),
      )
  }

  /** Of a sidecar, and of the agents beside it. */
  #stateFolder(sidecar: number): string {
    return join(this.#folder, `state-${sidecar}`)
  }

  get #ledgerFiles(): readonly string[] {
    return this.#sidecars.map((_, index) => join(this.#stateFolder(index), 'ledger.db'))
  }

  /** So that the sidecar's clock stands a second behind the begin of a window. */
  #offsetOf(window: number): number {
    return this.#isFleet ? 0 : FIRST_HOUR + window * HOUR_MS + 1000 - Date.now()
  }

  #startAgent(index: number): void {
    if (this.#isOver) return
    const { seed, calls } = this.#options
    const { PATH, HOME, TMPDIR } = process.env
    const name = AGENT_NAMES[index % AGENT_NAMES.length] ?? ''
    const instance = this.#spawned++
    const args = [
      '--import',
      this.#preload.register,
      join(import.meta.dirname, 'agent.ts'),
      name,
      calls,
      seed + instance,
    ]
    const child = spawn(process.execPath, args.map(String), {
      cwd: projectFolder,
      env: {
        PATH,
        HOME,
        TMPDIR,
        JUDGE_API: this.#preload.api,
        JUDGE_MODEL_URL: this.#bank.url,
        JUDGE_CALM: this.#bank.isFlaky ? 'no' : 'yes',
        OTEL_SERVICE_NAME: name,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_LOG_LEVEL: 'warn',
        SPANWARDEN_STATE_DIR: this.#stateFolder(index % this.#sidecars.length),
        SPANWARDEN_GUARD: 'enforce',
        SPANWARDEN_SPOOL: 'off',
        SPANWARDEN_PRICES_FILE: join(this.#folder, 'prices.json'),
        SPANWARDEN_STREAM_USAGE_HOSTS: '*',
      },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) this.#said.set(line, (this.#said.get(line) ?? 0) + 1)
    })
    child.on('message', (message) => {
      if (isCounts(message)) this.#counts.set(instance, message.counts)
    })
    this.#agents[index] = child
  }

  /** The clock of the sidecar goes on to the next hour, under load. */
  async #turn(window: number): Promise<void> {
    const last = this.#windows.at(-1)
    if (last !== undefined) last.turnedAtMs = hostMs()
    await this.#setClock(this.#offsetOf(window))
  }

  async #setClock(offsetMs: number): Promise<void> {
    await Promise.all(this.#sidecars.map((sidecar) => sidecar.setClock(offsetMs)))
  }

  async #window(window: number, blows: readonly PlannedBlow[]): Promise<void> {
    const { log } = this.#options
    const seen: SeenWindow = {
      index: window,
      isCalm: blows.length === 0,
      inForceMs: hostMs(),
      turnedAtMs: Infinity,
      used: 0,
    }
    this.#windows.push(seen)
    this.#bank.isFlaky = !seen.isCalm
    for (const agent of this.#agents) if (agent?.connected === true) agent.send({ isCalm: seen.isCalm })
    const from = performance.now()
    for (const blow of blows) {
      await pause(Math.max(0, from + blow.atMs - performance.now()))
      log(`window ${window}: ${blowText(blow)}`)
      this.#blows.push(this.#strike(blow, window))
    }
    await Promise.all(this.#blows.splice(0))
    while (performance.now() - from < WINDOW_MS_MAX) {
      seen.used = (await this.#usedIn(window)) ?? seen.used
      if (seen.used >= USED_SHARE) break
      if (this.#faults.length > 0) throw new Error(this.#faults.join())
      await pause(100)
    }
    // What is asked for now is over the cap, most of it.
    await pause(300)
    log(
      `window ${window}: used ${(seen.used * 100).toFixed(1)} % after ${((performance.now() - from) / 1000).toFixed(1)} s`,
    )
  }

  /** Share of the fleet's cap that is booked; undefined while a sidecar is away. */
  async #usedIn(window: number): Promise<number | undefined> {
    const hour = new Date(FIRST_HOUR + window * HOUR_MS).toISOString().slice(0, 13)
    const seen = await Promise.all(this.#sidecars.map((sidecar) => sidecar.look()))
    const stops = seen.flatMap((one) => one?.stops ?? [])
    if (stops.length > 0) throw new Error(`a stop came by itself: ${JSON.stringify(stops)}`)
    if (seen.includes(undefined)) return undefined
    const isOfWindow = (one: SeenAccount): boolean => this.#isFleet || one.window.startsWith(hour)
    const accounts = seen.flatMap((one) => one?.budgets ?? [])
    const committed = accounts.filter((one) => one.budget === 'fleet' && isOfWindow(one))
    return committed.reduce((sum, one) => sum + one.committed_usd * 1e9, 0) / (this.#caps['fleet'] ?? 0)
  }

  async #strike(blow: Blow, window: number): Promise<void> {
    switch (blow.what) {
      case 'kill agent':
      case 'end agent': {
        const child = this.#agents[blow.agent]
        if (child === undefined) return
        this.#agents[blow.agent] = undefined
        const closed = once(child, 'close')
        // Whoever is frozen hears nothing else.
        child.kill(blow.what === 'kill agent' ? 'SIGKILL' : 'SIGTERM')
        await closed
        await pause(blow.downMs)
        return this.#startAgent(blow.agent)
      }
      case 'freeze agent': {
        const child = this.#agents[blow.agent]
        child?.kill('SIGSTOP')
        await pause(blow.forMs)
        return void child?.kill('SIGCONT')
      }
      case 'kill sidecar':
      case 'end sidecar': {
        const sidecar = this.#sidecars[blow.sidecar]
        await sidecar?.end(blow.what === 'kill sidecar' ? 'SIGKILL' : 'SIGTERM')
        await pause(blow.downMs)
        return await sidecar?.start()
      }
      case 'step clock': {
        await this.#setClock(this.#offsetOf(window) + blow.byMs)
        await pause(blow.forMs)
        return await this.#setClock(this.#offsetOf(window))
      }
      case 'cut network':
        return this.#bank.cut()
      case 'model outage':
        this.#bank.outage = { untilMs: hostMs() + blow.forMs, status: blow.status }
        return
      case 'store outage':
        return await this.#storeOutage(blow.how, blow.forMs)
    }
  }

  async #storeOutage(how: StoreOutage, forMs: number): Promise<void> {
    const store = this.#store
    if (how === 'hangs') store?.pause()
    else {
      // What is saved is there again after the restart.
      if (how === 'gone') await store?.command('SAVE')
      await store?.kill()
    }
    await pause(forMs)
    if (how === 'hangs') store?.goOn()
    else await store?.restart()
  }

  async #endAgents(): Promise<void> {
    await Promise.all(
      this.#agents.map(async (child) => {
        if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
        const closed = once(child, 'close')
        child.kill('SIGTERM')
        await Promise.race([closed, pause(30_000).then(() => child.kill('SIGKILL'))])
      }),
    )
  }

  /** Open holds that are left when every lease is long over. */
  async #settled(): Promise<number> {
    const until = performance.now() + this.#options.leaseMs * 2 + 30_000
    for (;;) {
      const { open } = readLedgers(this.#ledgerFiles).holds
      if (open === 0 || performance.now() > until) return open
      await pause(200)
    }
  }

  /** `committed + held <= cap` in every account, looked at while all goes on. */
  async #watchCaps(): Promise<void> {
    while (!this.#isOver) {
      for (const sidecar of this.#sidecars)
        for (const { budget, value, window, committed_usd, held_usd, limit_usd } of (await sidecar.look())?.budgets ??
          [])
          if (committed_usd + held_usd > limit_usd + 1e-9)
            this.#overCap.push(
              `${budget} ${value} ${window}: ${committed_usd} and ${held_usd} held of ${limit_usd} USD`,
            )
      await pause(200)
    }
  }

  #summary(): string {
    const sums: Record<string, number> = {}
    for (const counts of this.#counts.values())
      for (const [code, count] of Object.entries(counts)) sums[code] = (sums[code] ?? 0) + count
    return Object.entries(sums)
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, count]) => `${count} ${code}`)
      .join(', ')
  }
}

const isCounts = (value: unknown): value is { readonly counts: Readonly<Record<string, number>> } =>
  typeof value === 'object' && value !== null && 'counts' in value
