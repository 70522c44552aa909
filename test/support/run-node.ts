import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface NodeRun {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs this Node with the given arguments to its end, in a clean environment. */
export async function runNode(
  args: readonly string[],
  options: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<NodeRun> {
  // The environment of the test run (OTEL_*, NODE_OPTIONS of the test runner) must not leak.
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(process.execPath, [...args], {
    cwd: options.cwd,
    env: { PATH, HOME, TMPDIR, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, ...output }
}
