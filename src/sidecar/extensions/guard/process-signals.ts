import { statSync } from 'node:fs'
import type { Hello } from '../../../control/guard-messages.ts'
import { isProcessThere, processMark } from '../../../control/process-mark.ts'
import type { ProcessIdentity } from '../../../control/process-proof.ts'

/** A process as its hello has it, and as the sidecar has seen it. */
export interface SaidProcess {
  readonly hello: Pick<Hello, 'pid'>
  readonly identity: ProcessIdentity
}
export type StopSignal = 'SIGTERM' | 'SIGKILL'

/** Where it can be seen, whether the process has ended. False also means: can't be seen. */
export const isGone = ({ hello, identity }: SaidProcess): boolean =>
  'mark' in identity && isProcessThere(hello.pid, identity.mark) === false

/** Signals exactly the process that said hello, and no other: undefined when it was sent, else why not. Nothing is sent to one that has not proven which one it is. */
export function signalProcess({ hello: { pid }, identity }: SaidProcess, signal: StopSignal): string | undefined {
  if ('unproven' in identity) return identity.unproven
  if (pid <= 1 || pid === process.pid || pid === process.ppid)
    return `pid ${pid} is not signalled: it is what the sidecar runs in`
  if (processMark(pid) !== identity.mark) return `pid ${pid} is another process by now`
  try {
    if (statSync(`/proc/${pid}`).uid !== process.getuid?.()) return 'it runs as another user than the sidecar'
    process.kill(pid, signal)
    return undefined
  } catch (error) {
    return `${signal} could not be sent (${error instanceof Error && 'code' in error ? String(error.code) : 'error'})`
  }
}
