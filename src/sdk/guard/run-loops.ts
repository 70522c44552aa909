import { LoopDetector } from '../../limits/loops/loop-detector.ts'
import { LOOP_DENIALS_MAX, LOOP_RUNS_MAX, LOOP_SEATS_MAX, POLLS_MAX } from './guard-limits.ts'
import type { LoopMark, LoopStep } from '../../limits/loops/loop-detector.ts'

/** An agent in a run. */
export interface WatchedAgent {
  readonly run: string
  readonly agent: string
  /** The call of the agent, where it is known: two that run at the same time are watched each by itself. */
  readonly call: AgentCallState | undefined
}

/** Its span. */
export interface AgentCallState {
  isRecording(): boolean
}

export interface Polling {
  /** Tools that are asked for the same thing until it changes. */
  readonly tools: readonly string[]
  /** So long, in ms, the same answer is no loop. */
  readonly maxMs: number
}

/** The loops of the runs of this process: each agent of a run is watched by itself. */
export class RunLoops {
  /** The one that was used last is the last. */
  readonly #runs = new Map<string, WatchedRun>()

  /** The mark that stopped the agent's run, if one has. */
  stopOf(agent: WatchedAgent | undefined): LoopMark | undefined {
    return agent === undefined ? undefined : this.#known(agent)?.detector.stopped
  }

  /** The run was stopped by this rule and went on asking: now it may not ask a model either. */
  overBy({ run }: { readonly run?: string | undefined }): string | undefined {
    const watched = run === undefined ? undefined : this.#runs.get(run)
    return watched !== undefined && watched.denials >= LOOP_DENIALS_MAX ? watched.rule : undefined
  }

  denied({ run }: WatchedAgent, { rule }: LoopMark): void {
    const watched = this.#runs.get(run)
    if (watched === undefined) return
    watched.denials += 1
    watched.rule ??= rule
  }

  /** A tool call has ended. */
  observe(agent: WatchedAgent, tool: string, step: LoopStep, polling?: Polling): LoopMark | undefined {
    const { run } = agent
    const watched = this.#runs.get(run) ?? newRun()
    this.#runs.delete(run)
    this.#runs.set(run, watched)
    if (this.#runs.size > LOOP_RUNS_MAX) this.#forgetOne()
    if (polling?.tools.includes(tool) === true && isPolled(watched.polls, tool, step, polling.maxMs)) return undefined
    return this.#seatOf(watched, agent).detector.observe(step)
  }

  /** The sidecar has stopped the run: its word stands for ours, and what comes when a person has resumed it is new. */
  forget(run: string): void {
    this.#runs.delete(run)
  }

  #known({ run, agent, call }: WatchedAgent): Seat | undefined {
    return this.#runs
      .get(run)
      ?.seats.get(agent)
      ?.find((seat) => mayTake(seat, call))
  }

  #seatOf({ seats }: WatchedRun, { agent, call }: WatchedAgent): Seat {
    const ofAgent = seats.get(agent) ?? []
    seats.set(agent, ofAgent)
    const taken = ofAgent.find((seat) => seat.call === call) ?? ofAgent.find((seat) => mayTake(seat, call))
    if (taken !== undefined) {
      taken.call = call
      return taken
    }
    const last = ofAgent.at(-1)
    if (last !== undefined && ofAgent.length >= LOOP_SEATS_MAX) return last
    const seat = { detector: new LoopDetector(), call }
    ofAgent.push(seat)
    return seat
  }

  /** One that is stopped is forgotten last: it would go on. */
  #forgetOne(): void {
    for (const [run, { seats }] of this.#runs) {
      if ([...seats.values()].flat().some(({ detector }) => detector.stopped !== undefined)) continue
      this.#runs.delete(run)
      return
    }
    for (const run of this.#runs.keys()) {
      this.#runs.delete(run)
      return
    }
  }
}

const newRun = (): WatchedRun => ({ seats: new Map(), polls: new Map(), denials: 0 })

interface WatchedRun {
  /** By the name of the agent; those of one name for calls of it that run at the same time. */
  readonly seats: Map<string, Seat[]>
  /** By the polling tool and what it is asked for. */
  readonly polls: Map<string, Poll>
  denials: number
  /** That stopped it first. */
  rule?: string
}

interface Seat {
  readonly detector: LoopDetector
  call: AgentCallState | undefined
}

interface Poll {
  readonly result: number
  readonly sinceMs: number
}

/** Of a call that has ended the next one of the agent goes on with its history: an agent may be called in a loop, too. */
const mayTake = ({ call: owner }: Seat, call: AgentCallState | undefined): boolean =>
  owner === call || owner === undefined || !owner.isRecording()

/** The same answer for as long as a person allows is waiting, not a loop. */
function isPolled(polls: Map<string, Poll>, tool: string, { call, result }: LoopStep, maxMs: number): boolean {
  const key = `${tool} ${call}`
  const known = polls.get(key)
  const poll = known?.result === result ? known : { result, sinceMs: performance.now() }
  polls.delete(key)
  polls.set(key, poll)
  for (const oldest of polls.keys()) if (polls.size > POLLS_MAX) polls.delete(oldest)
  return performance.now() - poll.sinceMs <= maxMs
}
