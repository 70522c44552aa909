import type { CallScopes, LoopReport, StopState } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { RunActivity } from '../../../control/run-messages.ts'
import { loopReason } from '../../../limits/loops/loop-reason.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import type { VelocityMark } from '../../../limits/velocity.ts'
import type { ComponentContext } from '../../component.ts'
import type { GuardSettings } from './guard-settings.ts'
import { LoopStops } from './loop-stops.ts'
import type { Books } from './open-books.ts'
import type { Processes } from './processes.ts'
import { RunWatch } from './run-watch.ts'

/** How often is looked for runs that have ended. */
const LOOK_MS = 60_000

export interface LoopWatchOptions {
  readonly context: Pick<ComponentContext, 'clock' | 'metrics'>
  readonly processes: Processes
  settings(): GuardSettings | undefined
  books(): Pick<Books, 'stops' | 'past'> | undefined
  /** A rule stops something until a person resumes it. */
  stop(stop: StopState): void
}

/** What is done about runs that go round in circles, as agents' processes report, or beyond a figure, as the sums of all of their processes say. */
export class LoopWatch {
  readonly #options: LoopWatchOptions
  readonly #stops = new LoopStops()
  #runs: RunWatch | undefined
  #lookedAt = 0

  constructor(options: LoopWatchOptions) {
    this.#options = options
  }

  reported({ scopes, level, rule, goesOn }: LoopReport): void {
    this.#count(level, scopes.agent, rule)
    if (level === 'stop' && goesOn !== true) this.#stop(scopes, rule)
  }

  /** A process says what it has done in a run. */
  told({ hello }: GuardPeer, message: RunActivity): void {
    const { run, agent } = message.scopes
    const { velocity } = this.#options.settings() ?? {}
    const books = this.#options.books()
    if (run === undefined || velocity === undefined || books === undefined) return
    this.#runs ??= new RunWatch({ rules: velocity, baseline: (of) => books.past.baseline(of) })
    this.#runs.rules = velocity
    if (books.stops.isStopped('run', run)) return this.#runs.forget(run)
    const mark = this.#runs.observe(message, hello.process, this.#options.context.clock.now())
    if (mark === undefined) return
    this.#count(mark.level, agent, mark.rule)
    this.#mark(run, mark)
    if (mark.level === 'stop' && this.#stop(message.scopes, mark.rule, textOf(mark))) this.#runs.forget(run)
  }

  /** Runs that have ended become part of what is known of their agent. Throws when that can't be written. */
  look(): void {
    const { clock } = this.#options.context
    if (this.#runs === undefined || clock.monotonic() - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = clock.monotonic()
    this.#options.books()?.past.add(this.#runs.ended(clock.now()))
  }

  #mark(run: string, { level, rule }: VelocityMark): void {
    const processes = this.#runs?.processesOf(run)
    for (const peer of this.#options.processes.connected())
      if (processes?.has(peer.hello.process) === true) peer.send({ type: 'mark', run, level, rule })
  }

  /** False where nothing is stopped: the mode is not `enforce`. */
  #stop({ agent, run }: CallScopes, rule: string, detail?: string): boolean {
    const { settings, books, stop, context } = this.#options
    const { mode, loopStopsMax = 0 } = settings() ?? {}
    if (mode !== 'enforce') return false
    // Reported again after a lost connection.
    if (run !== undefined && books()?.stops.isStopped('run', run) === true) return true
    if (run !== undefined) stop({ scope: 'run', value: run, reason: loopReason(rule, detail) })
    const recent = this.#stops.add(agent, context.clock.monotonic())
    if (loopStopsMax > 0 && recent >= loopStopsMax)
      stop({ scope: 'agent', value: agent, reason: `${recent} loops within an hour` })
    return true
  }

  #count(level: 'warn' | 'stop', agent: string, rule: string): void {
    this.#options.context.metrics
      .counter(`agent_loop_${level}s_total`, `Runs that were in a loop (${level}).`, { agent, rule })
      .add(1)
  }
}

/** What a person reads: `0.52 of 0.5 USD`. */
function textOf({ rule, value, figure }: VelocityMark): string {
  const [divisor, unit] = UNITS[rule]
  const shown = (number: number): string => String(Math.round((number / divisor) * 1e4) / 1e4)
  return `${shown(value)} of ${shown(figure)} ${unit}`
}

const UNITS: Readonly<Record<VelocityMark['rule'], readonly [number, string]>> = {
  cost: [NANO_PER_USD, 'USD'],
  cost_per_minute: [NANO_PER_USD, 'USD a minute'],
  wall_clock: [1000, 's'],
  depth: [1, 'levels'],
  tool_calls: [1, 'calls'],
}
