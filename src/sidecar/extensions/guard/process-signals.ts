import { statSync } from 'node:fs'
import type { Hello } from '../../../control/guard-messages.ts'
import { isProcessThere, processMark } from '../../../control/process-mark.ts'

/** A process as its hello has it. `isLocal`: it came over the socket file. */
export interface SaidProcess {
  readonly hello: Pick<Hello, 'pid' | 'mark'>
  readonly isLocal: boolean
}
export type StopSignal = 'SIGTERM' | 'SIGKILL'

/** Where it can be seen, whether the process has ended. False also means: can't be seen. */
export function isGone({ hello: { pid, mark }, isLocal }: SaidProcess): boolean {
  if (!isLocal || mark === undefined || !isOurNamespace(mark)) return false
  return isProcessThere(pid, mark) === false
}

/** Signals exactly the process that said hello, and no other: undefined when it was sent, else why not. Nothing is sent to one that can't be told for sure. */
export function signalProcess(said: SaidProcess, signal: StopSignal): string | undefined {
  const { hello, isLocal } = said
  const { pid, mark } = hello
  if (!isLocal) return 'it is connected over TCP: only processes that use the socket of this host are signalled'
  if (mark === undefined) return 'it could not say which process it is: there is no /proc where it runs'
  if (!isOurNamespace(mark)) return 'it runs in another container (pid namespace) than the sidecar'
  if (pid <= 1 || pid === process.pid || pid === process.ppid)
    return `pid ${pid} is not signalled: it is what the sidecar runs in`
  if (processMark(pid) !== mark) return `pid ${pid} is another process by now`
  try {
    if (statSync(`/proc/${pid}`).uid !== process.getuid?.()) return 'it runs as another user than the sidecar'
    process.kill(pid, signal)
    return undefined
  } catch (error) {
    return `${signal} could not be sent (${error instanceof Error && 'code' in error ? String(error.code) : 'error'})`
  }
}

/** All but the moment of the start are the same. */
function isOurNamespace(mark: string): boolean {
  const ours = processMark('self')
  return ours !== undefined && placeOf(ours) === placeOf(mark)
}
const placeOf = (mark: string): string => mark.slice(0, mark.lastIndexOf(' '))
