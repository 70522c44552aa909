import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** The go command of this machine, or undefined. */
export const goCommand: string | undefined = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin']
  .map((folder) => join(folder, 'go'))
  .find((file) => existsSync(file))

/** The program, if it was built: for those that take longer to build than a run of all tests has time for (test/interop/build.sh). */
export function builtGoProgram(folder: string): string | undefined {
  const binary = binaryOf(folder)
  return existsSync(binary) ? binary : undefined
}

/**
 * Builds the Go program in `folder` once for each state of its sources, outside of the project, and returns the path of the binary. Suites that run at the same
 * time wait for one another: two builds would take twice the time of one.
 */
export async function buildGoProgram(folder: string): Promise<string> {
  if (goCommand === undefined) throw new Error('there is no go command')
  const binary = binaryOf(folder)
  mkdirSync(dirname(binary), { recursive: true })
  while (!existsSync(binary)) {
    if (isTaken(`${binary}.lock`)) await setTimeout(POLL_MS)
    else await build(goCommand, folder, binary)
  }
  return binary
}

function binaryOf(folder: string): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(folder, file)))
  return join(tmpdir(), 'spanwarden-interop', hash.digest('hex').slice(0, 16))
}

const POLL_MS = 500
/** A build that takes longer was ended in the middle. */
const BUILD_MS_MAX = 20 * 60_000

/** False when the lock is ours now. */
function isTaken(lock: string): boolean {
  try {
    mkdirSync(lock)
    return false
  } catch {
    const { mtimeMs = Date.now() } = statSync(lock, { throwIfNoEntry: false }) ?? {}
    if (Date.now() - mtimeMs > BUILD_MS_MAX) rmSync(lock, { recursive: true, force: true })
    return true
  }
}

async function build(go: string, folder: string, binary: string): Promise<void> {
  try {
    if (existsSync(binary)) return
    await promisify(execFile)(go, ['build', '-o', `${binary}.new`, '.'], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    })
    await rename(`${binary}.new`, binary)
  } finally {
    rmSync(`${binary}.lock`, { recursive: true, force: true })
  }
}
