import { spawn } from 'node:child_process'
import type { AlertMessage } from './alert-message.ts'
import type { Notifier } from './notifier.ts'

export interface CommandOptions {
  readonly name: string
  /** Program and arguments, as they are: no shell reads them. */
  readonly argv: readonly [string, ...string[]]
  /** All of its environment: what the sidecar has of keys is none of its business. */
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** Starts a program with the message on its standard input; exit code 0 is taken for told. */
export class CommandNotifier implements Notifier {
  readonly name: string
  readonly #options: CommandOptions

  constructor(options: CommandOptions) {
    this.name = options.name
    this.#options = options
  }

  notify(message: AlertMessage): Promise<void> {
    const { argv, env, timeoutMs } = this.#options
    const [program, ...args] = argv
    return new Promise((resolve, reject) => {
      // A group of its own, so that what it starts ends with it.
      const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
      const timer = setTimeout(() => {
        endGroup(child.pid)
        reject(new Error(`it did not end within ${timeoutMs} ms and was killed`))
      }, timeoutMs)
      child.on('error', (error) => {
        clearTimeout(timer)
        const code = 'code' in error ? String(error.code) : error.name
        reject(new Error(`it can not be started (${code})`, { cause: error }))
      })
      child.on('exit', (code, signal) => {
        clearTimeout(timer)
        if (code === 0) resolve()
        else reject(new Error(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`))
      })
      // It need not read.
      child.stdin.on('error', () => undefined)
      child.stdin.end(`${JSON.stringify(message)}\n`)
    })
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
