import { statfsSync } from 'node:fs'
import { isSilent } from '../alerts/agent-pulse.ts'
import type { AgentLife, AgentPulse } from '../alerts/agent-pulse.ts'
import type { Clock } from './component.ts'
import type { HealthConfig } from './config/service-config.ts'
import type { Health, HealthReason } from './health.ts'
import { MEASURED_CODES } from './health.ts'
import { FolderWatch } from './folder-watch.ts'
import { Hysteresis, keyOf } from './hysteresis.ts'
import { impactReasons, runFigures } from './user-impact.ts'
import type { MeasuredQueue } from './user-impact.ts'

const LOOK_MS = 1000
const DISK_LOOK_MS = 10_000

export interface HealthWatchOptions {
  readonly clock: Clock
  readonly stateFolder: string
  readonly pulse: AgentPulse
  config(): HealthConfig
  queues(): readonly MeasuredQueue[]
  /** What is so or not at this moment. */
  states(): readonly HealthReason[]
}

/** Looks every second how the agents, the queues and the disk do, so that health can tell what has been so for a while. */
export class HealthWatch {
  readonly #options: HealthWatchOptions
  readonly #hysteresis = new Hysteresis()
  #disk: { readonly atMs: number; readonly freeBytes: number | undefined; readonly isTaken: boolean } | undefined
  #folder: FolderWatch | undefined
  #cancel = (): void => {}

  constructor(options: HealthWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#folder = new FolderWatch(this.#options.stateFolder)
    const next = (): void => {
      this.#look()
      this.#cancel = this.#options.clock.after(LOOK_MS, next)
    }
    next()
  }

  stop(): void {
    this.#cancel()
    this.#folder?.close()
    this.#folder = undefined
  }

  /** What it comes to: with what was measured, and whether traffic should go elsewhere. */
  judge(health: Health): Health {
    if (health.status !== 'ok' && health.status !== 'degraded') return health
    const { unready_on } = this.#options.config()
    const told = new Set(health.reasons.map(keyOf))
    const bad = this.#hysteresis.bad.filter(({ code }) => isMeasured(code) || unready_on.includes(code))
    const reasons = [...health.reasons, ...bad.filter((reason) => !told.has(keyOf(reason)))]
    if (bad.some(({ code }) => unready_on.includes(code))) return { ...health, status: 'unready', reasons }
    return { ...health, status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
  }

  /** How each agent does, for people and for probes of agents. */
  agents(): AgentState[] {
    const { clock, pulse, config } = this.#options
    const nowMs = clock.now()
    const { heartbeat_age_max, runs_window } = config()
    return pulse.agents(nowMs).map((life) => {
      const figures = runFigures(life.runs, nowMs, runs_window)
      return {
        agent: life.job,
        state: stateOf(life, heartbeat_age_max),
        heartbeat_at: life.heartbeatMs === 0 ? null : new Date(life.heartbeatMs).toISOString(),
        heartbeat_age_s: life.heartbeatMs === 0 ? null : life.silentMs / 1000,
        recent_runs: figures.runs,
        success_share: figures.successShare ?? null,
        latency_p99_s: figures.p99Seconds ?? null,
        finished: life.finished,
        failed: life.failed,
        spent_usd: life.spentUsd,
      }
    })
  }

  /** As if it had never been heard of; false when it was not. */
  forget(agent: string): boolean {
    return this.#options.pulse.forget(agent)
  }

  #look(): void {
    const { clock, config, pulse, queues, states } = this.#options
    pulse.readGoodbyes()
    const nowMs = clock.now()
    const health = config()
    const { freeBytes, isTaken } = this.#diskNow()
    const measured = {
      nowMs,
      agents: pulse.agents(nowMs),
      refused: pulse.refused,
      queues: queues(),
      diskFreeBytes: freeBytes,
      takenFolder: isTaken ? this.#options.stateFolder : undefined,
    }
    this.#hysteresis.look([...states(), ...impactReasons(measured, health)], clock.monotonic(), {
      badAfterMs: health.bad_after,
      goodAfterMs: health.good_after,
    })
  }

  #diskNow(): { readonly freeBytes: number | undefined; readonly isTaken: boolean } {
    const nowMs = this.#options.clock.monotonic()
    if (this.#disk === undefined || nowMs - this.#disk.atMs >= DISK_LOOK_MS)
      this.#disk = {
        atMs: nowMs,
        freeBytes: freeBytesOf(this.#options.stateFolder),
        isTaken: this.#folder?.isThere() === false,
      }
    return this.#disk
  }
}

/** Of GET /api/agents. `ended`: it said so. */
export interface AgentState {
  readonly agent: string
  readonly state: 'running' | 'silent' | 'ended'
  readonly heartbeat_at: string | null
  /** While this sidecar listened: neither a clock that was set nor sleep is in it. */
  readonly heartbeat_age_s: number | null
  /** Within `service.health.runs_window`. */
  readonly recent_runs: number
  readonly success_share: number | null
  readonly latency_p99_s: number | null
  /** Of the windows of alerts: 1 h, and 24 h for what was spent. */
  readonly finished: number
  readonly failed: number
  readonly spent_usd: number
}

function stateOf(life: AgentLife, silentMsMax: number): AgentState['state'] {
  if (isSilent(life, silentMsMax)) return 'silent'
  return life.hasEnded ? 'ended' : 'running'
}

const isMeasured = (code: HealthReason['code']): boolean => MEASURED_CODES.some((known) => known === code)

function freeBytesOf(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}
