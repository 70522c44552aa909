import { readFileSync, readlinkSync } from 'node:fs'

/**
 * Tells one process from every other that there is or was on this host: the start of the host, the pid namespace, the moment of the start in clock ticks. A pid that was given out again has
 * another, and so has the process with the same pid in another container. Undefined where there is no /proc, or no such process in the namespace.
 */
export function processMark(pid: number | 'self'): string | undefined {
  try {
    place ??= `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`
    return `${place} ${readProcess(pid).startTicks}`
  } catch {
    return undefined
  }
}

/** Start of the host and pid namespace of this process, which never change. */
let place: string | undefined

/** False when the process with the mark, which is of the same namespace, has ended, though its parent may not have noticed. Undefined: can't be seen. */
export function isProcessThere(pid: number, mark: string): boolean | undefined {
  try {
    const { state, startTicks } = readProcess(pid)
    return !/[ZXx]/.test(state) && mark.endsWith(` ${startTicks}`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ENOENT' || code === 'ESRCH' ? false : undefined
  }
}

/** proc_pid_stat(5): fields 3 and 22. The name before them is in brackets and may hold anything. */
function readProcess(pid: number | 'self'): { readonly state: string; readonly startTicks: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', startTicks = ''] = [fields[0], fields[19]]
  if (!/^\d+$/.test(startTicks)) throw new Error(`/proc/${pid}/stat is not as expected`)
  return { state, startTicks }
}
