import { spawn } from 'node:child_process'
import type { StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { EXIT_FAILED } from './command.ts'
import type { CommandIo } from './command.ts'
import { registerUrl } from './program.ts'

export const say = ({ stderr }: CommandIo, message: string): void => void stderr.write(`spanwarden: ${message}\n`)

/** What makes a Node process, and those that it starts, preload the SDK. */
export const preloaded = (io: CommandIo): { readonly NODE_OPTIONS: string } => ({
  NODE_OPTIONS: [io.env['NODE_OPTIONS'], `--import=${registerUrl(io)}`].filter(Boolean).join(' '),
})

/** Exit codes of shells for a program that is not there, or is none. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** Runs a program to its end and passes signals on; resolves to its exit code, 128 and the number for a signal. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: Record<string, string | undefined>,
  io: CommandIo,
  stdio: StdioOptions = 'inherit',
): Promise<number> {
  return new Promise((resolve) => {
    const agent = spawn(program, args, { stdio, env })
    const forward = (signal: NodeJS.Signals): void => {
      // Ctrl-C on a terminal has reached the agent too.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) agent.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, forward)
    const settle = (exitCode: number): void => {
      for (const signal of signals) process.off(signal, forward)
      resolve(exitCode)
    }
    agent.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : ''
      say(io, `can't run ${program} (${code})`)
      settle(code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE)
    })
    agent.on('exit', (code, signal) =>
      settle(signal === null ? (code ?? EXIT_FAILED) : 128 + constants.signals[signal]),
    )
  })
}
