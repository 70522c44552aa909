import { readFileSync } from 'node:fs'

/** Of /proc: 100 a second on Linux, whatever the kernel's own clock. */
const TICK_US = 10_000

/** CPU time that a process and its threads have used, in microseconds, by the kernel. Where others make the machine busy it stays what it is, but for their caches. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program is in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident memory in bytes. */
export function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib ?? Number.NaN) * 1024
}
