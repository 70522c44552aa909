import { createInterface } from 'node:readline'

/** Whether somebody can be asked. */
export const isPersonThere = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks on the terminal, on stderr: several times, so that what was typed ahead is not lost. */
export class PersonAtTerminal {
  readonly #lines = createInterface({ input: process.stdin, terminal: false })
  readonly #typed: string[] = []
  #waiting: ((line: string) => void) | undefined
  #isGone = false

  constructor() {
    this.#lines.on('line', (line) => {
      if (this.#waiting === undefined) this.#typed.push(line)
      else this.#answer(line)
    })
    this.#lines.once('close', () => {
      this.#isGone = true
      this.#answer(GONE)
    })
  }

  /** What was typed, in small letters; `q` when there is nobody any more. */
  async ask(question: string): Promise<string> {
    process.stderr.write(question)
    const { promise, resolve } = Promise.withResolvers<string>()
    const typed = this.#typed.shift() ?? (this.#isGone ? GONE : undefined)
    if (typed === undefined) this.#waiting = resolve
    else resolve(typed)
    return (await promise).trim().toLowerCase()
  }

  /** Lets the process end. */
  close(): void {
    this.#lines.close()
  }

  #answer(line: string): void {
    this.#waiting?.(line)
    this.#waiting = undefined
  }
}

const GONE = 'q'
