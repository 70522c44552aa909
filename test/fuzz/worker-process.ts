import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Finding } from './fuzz-run.ts'
import type { WorkerTask } from './worker.ts'

export interface RangeResult {
  readonly finding: Finding | undefined
  /** Resident memory of the process at the end of the range, in bytes. */
  readonly rss: number
}

/** Without a word for so long a range hangs: it is a few seconds of work. */
const SILENCE_MS_MAX = 180_000
const STEP_SILENCE_MS_MAX = 20_000
/** Until a process has loaded what it is to run. */
const START_MS_MAX = 120_000

/** A process that runs ranges; when it dies or falls silent, the input that did it is looked for in a new one. */
export class WorkerProcess {
  readonly #silenceMs: number
  #child: ChildProcess | undefined

  constructor(silenceMs = SILENCE_MS_MAX) {
    this.#silenceMs = silenceMs
  }

  async run(task: Omit<WorkerTask, 'isStepping'>): Promise<RangeResult> {
    const first = await this.#try({ ...task, isStepping: false }, this.#silenceMs)
    if (first.result !== undefined) return first.result
    const { result, at, how } = await this.#try(
      { ...task, isStepping: true },
      Math.min(this.#silenceMs, STEP_SILENCE_MS_MAX),
    )
    if (result?.finding !== undefined) return result
    // Alone it did not happen again: the range is named instead.
    const kind = (result === undefined ? how : first.how) ?? 'crash'
    const message =
      result === undefined
        ? `the process ${kind === 'hang' ? 'hung' : 'died'}`
        : `only once, in inputs ${task.from} to ${task.to}`
    return {
      finding: { target: task.name, seed: task.seed, at: result === undefined ? at : task.from, kind, message },
      rss: 0,
    }
  }

  stop(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #try(task: WorkerTask, silenceMs: number): Promise<{ result?: RangeResult; at: number; how?: 'crash' | 'hang' }> {
    const child = (this.#child ??= fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
      execArgv: ['--max-old-space-size=1024'],
    }))
    return new Promise((resolve) => {
      let at = task.from
      let timer: NodeJS.Timeout | undefined
      const settle = (outcome: { result?: RangeResult; at: number; how?: 'crash' | 'hang' }): void => {
        clearTimeout(timer)
        child.off('message', onMessage).off('exit', died)
        if (outcome.result === undefined) this.stop()
        resolve(outcome)
      }
      const wait = (ms: number): void => {
        clearTimeout(timer)
        timer = setTimeout(() => settle({ at, how: 'hang' }), ms)
      }
      const onMessage = (message: { at?: number; done?: boolean; finding?: Finding; rss?: number }): void => {
        wait(silenceMs)
        if (message.at !== undefined) at = message.at
        if (message.done === true) settle({ at, result: { finding: message.finding, rss: message.rss ?? 0 } })
      }
      const died = (): void => settle({ at, how: 'crash' })
      child.on('message', onMessage).on('exit', died)
      wait(START_MS_MAX)
      child.send(task)
    })
  }
}
