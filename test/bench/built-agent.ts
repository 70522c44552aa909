import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { projectFolder } from '../support/run-agent.ts'

export interface BuiltAgent {
  readonly child: ChildProcess
  /** The first that the script sends. */
  readonly message: unknown
}

/** Runs a script (an ES module) with the built preload until it sends a message; throws when it ends before. `env`: beside PATH and the like. */
export async function startBuiltAgent(
  script: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<BuiltAgent> {
  const { PATH, HOME, TMPDIR } = process.env
  const args = ['--import', `${projectFolder}dist/register.js`, '--input-type=module', '--eval', script]
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    env: { PATH, HOME, TMPDIR, SPANWARDEN_SPOOL: 'off', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [message]: unknown[] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [])])
  if (message === undefined) throw new Error('the agent has ended')
  return { child, message }
}
