import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Locks that this process holds: a second one of its own is refused, too. */
const held = new Set<string>()

/** Another sidecar works here. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  readonly code = 'IN_USE'
}

/**
 * Keeps other processes out of a folder until the returned function is called. The lock of a process that has ended, or of another boot of this host, is taken over.
 * Throws FolderInUseError with the number of the process that holds it, and what the system says when the folder or the lock can't be made.
 */
export function lockFolder(folder: string, mode = 0o700): () => void {
  makeFolder(folder, mode)
  const path = join(folder, 'lock')
  if (held.has(path)) throw new FolderInUseError(`${folder} is in use by this process already`)
  const holder = readHolder(path)
  if (holder !== undefined && holder.pid !== process.pid && holder.life === lifeOf(holder.pid))
    throw new FolderInUseError(
      `${folder} is in use by process ${holder.pid}; give this sidecar a state folder of its own`,
    )
  writeFileSync(path, `${process.pid} ${lifeOf(process.pid)}\n`, { mode: 0o600 })
  held.add(path)
  return () => {
    held.delete(path)
    try {
      rmSync(path, { force: true })
    } catch {
      // A disk that has become read-only: the lock of a process that has ended is taken over.
    }
  }
}

function makeFolder(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode })
  } catch (error) {
    // Node says ENOENT on a read-only disk; what is above the folder says why.
    let above = dirname(folder)
    while (!existsSync(above) && above !== dirname(above)) above = dirname(above)
    accessSync(above, constants.W_OK)
    throw error
  }
}

function readHolder(path: string): { readonly pid: number; readonly life: string } | undefined {
  try {
    const [pid = '', life = ''] = readFileSync(path, 'utf8').trim().split(' ')
    return /^\d+$/.test(pid) ? { pid: Number(pid), life } : undefined
  } catch {
    return undefined
  }
}

/** Tells one process from another that had the same number before: boot and start time where Linux tells them, else whether it runs. */
function lifeOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name, which may hold blanks and brackets, start time is the 20th field.
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return isRunning(pid) ? 'running' : 'ended'
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
