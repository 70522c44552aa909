import { LoopDetector } from '../../limits/loops/loop-detector.ts'
import { LOOP_DENIALS_MAX, LOOP_RUNS_MAX } from './guard-limits.ts'
import type { LoopMark, LoopStep } from '../../limits/loops/loop-detector.ts'

/** The loops of the runs of this process: each agent of a run is watched by itself. */
export class RunLoops {
  /** The one that was used last is the last. */
  readonly #runs = new Map<string, WatchedRun>()

  /** The mark that stopped the run, if one has. */
  stopOf(run: string | undefined): LoopMark | undefined {
    return run === undefined ? undefined : this.#runs.get(run)?.detector.stopped
  }

  /** The run was stopped and went on asking: now it may not ask a model either. */
  isOver(run: string | undefined): boolean {
    return run !== undefined && (this.#runs.get(run)?.denials ?? 0) >= LOOP_DENIALS_MAX
  }

  denied(run: string): void {
    const watched = this.#runs.get(run)
    if (watched !== undefined) watched.denials += 1
  }

  observe(run: string, step: LoopStep): LoopMark | undefined {
    const watched = this.#runs.get(run) ?? { detector: new LoopDetector(), denials: 0 }
    this.#runs.delete(run)
    this.#runs.set(run, watched)
    if (this.#runs.size > LOOP_RUNS_MAX) this.#forgetOne()
    return watched.detector.observe(step)
  }

  /** One that is stopped is forgotten last: it would go on. */
  #forgetOne(): void {
    for (const [run, { detector }] of this.#runs) {
      if (detector.stopped !== undefined) continue
      this.#runs.delete(run)
      return
    }
    for (const run of this.#runs.keys()) {
      this.#runs.delete(run)
      return
    }
  }
}

interface WatchedRun {
  readonly detector: LoopDetector
  denials: number
}
