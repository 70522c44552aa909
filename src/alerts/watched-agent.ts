import type { AgentLife, FinishedRun, PulseWindows } from './agent-pulse.ts'
import type { SavedAgent } from './pulse-file.ts'
import { SlidingSums } from './sliding-sums.ts'

/** Newest runs of an agent that are kept one by one, at least; twice as many at most. */
const RUNS_MAX = 500
/** What an agent left unsent at its end comes after its goodbye. */
const LATE_MS = 15_000
/** An agent that runs is heard every 10 s, even when it idles. */
const IDLE_MS = 30_000
/** What was heard within so short a time and never since came with one message. */
const ONCE_MS = 1000

/** What is kept of one agent. Times named `heard` are of the listening clock. */
export class WatchedAgent {
  readonly job: string
  spend: SlidingSums
  #finished: SlidingSums
  #failed: SlidingSums
  /** Oldest first. */
  #runs: FinishedRun[] = []
  #heartbeatMs = 0
  /** 0: it did not. */
  #endedMs = 0
  #goodbyeHeardMs = 0
  #isHeard = false
  #firstHeardMs: number
  #lastHeardMs: number

  constructor(job: string, { errorsMs, spendMs }: PulseWindows, heardMs: number) {
    this.job = job
    this.spend = new SlidingSums(spendMs)
    this.#finished = new SlidingSums(errorsMs)
    this.#failed = new SlidingSums(errorsMs)
    this.#firstHeardMs = heardMs
    this.#lastHeardMs = heardMs
  }

  alive(nowMs: number, heardMs: number): void {
    this.#heartbeatMs = nowMs
    this.#lastHeardMs = heardMs
    this.#isHeard = true
    if (heardMs - this.#goodbyeHeardMs > LATE_MS) this.#endedMs = 0
  }

  end(atMs: number, heardMs: number): void {
    this.#endedMs = atMs
    this.#goodbyeHeardMs = heardMs
  }

  finish(run: FinishedRun): void {
    this.#finished.add(run.atMs, 1)
    if (run.failed) this.#failed.add(run.atMs, 1)
    this.#setBack(run.atMs)
    this.#runs.push(run)
    if (this.#runs.length >= 2 * RUNS_MAX) this.#runs = this.#runs.slice(-RUNS_MAX)
  }

  setWindows({ errorsMs, spendMs }: PulseWindows): void {
    this.spend = moved(this.spend, spendMs)
    this.#finished = moved(this.#finished, errorsMs)
    this.#failed = moved(this.#failed, errorsMs)
  }

  silentMs(heardMs: number): number {
    return heardMs - this.#lastHeardMs
  }

  /** How willingly it gives way to an agent for which there is no room: 0 not at all. One that ended, one of which a single message came, one that is silent. */
  expendability(heardMs: number): number {
    if (this.#endedMs > 0) return 3
    if (this.#lastHeardMs - this.#firstHeardMs < ONCE_MS) return 2
    return this.silentMs(heardMs) >= IDLE_MS ? 1 : 0
  }

  life(nowMs: number, heardMs: number): AgentLife {
    this.#setBack(nowMs)
    return {
      job: this.job,
      heartbeatMs: Math.min(this.#heartbeatMs, nowMs),
      silentMs: this.silentMs(heardMs),
      isHeard: this.#isHeard,
      hasEnded: this.#endedMs > 0,
      runs: this.#runs,
      finished: this.#finished.total(nowMs),
      failed: this.#failed.total(nowMs),
      spentUsd: this.spend.total(nowMs),
    }
  }

  saved(heardMs: number): SavedAgent {
    return {
      job: this.job,
      heartbeatMs: this.#heartbeatMs,
      silentMs: this.silentMs(heardMs),
      endedMs: this.#endedMs,
      finished: this.#finished.state,
      failed: this.#failed.state,
      spend: this.spend.state,
    }
  }

  restore({ heartbeatMs, silentMs, endedMs, finished, failed, spend }: SavedAgent, heardMs: number): void {
    this.#heartbeatMs = heartbeatMs
    this.#lastHeardMs = heardMs - silentMs
    this.#firstHeardMs = -Infinity
    this.end(endedMs, heardMs)
    this.#finished.restore(finished)
    this.#failed.restore(failed)
    this.spend.restore(spend)
  }

  /** A clock that was set back has runs of the future: they are of now. */
  #setBack(nowMs: number): void {
    if ((this.#runs.at(-1)?.atMs ?? 0) <= nowMs) return
    this.#runs = this.#runs.map((run) => ({ ...run, atMs: Math.min(run.atMs, nowMs) }))
  }
}

function moved(sums: SlidingSums, windowMs: number): SlidingSums {
  if (sums.windowMs === windowMs) return sums
  const other = new SlidingSums(windowMs)
  other.restore(sums.state)
  return other
}
