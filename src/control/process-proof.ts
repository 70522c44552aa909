import { closeSync, lstatSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Hello } from './guard-messages.ts'
import { processMark } from './process-mark.ts'
import { JOURNAL_FOLDER } from './slice-journal.ts'

/** What the sidecar has seen for itself of a process that connects: its `processMark`, or why it knows nothing. */
export type ProcessIdentity = { readonly mark: string } | { readonly unproven: string }

/**
 * The agent's half: while it says hello, a file by the name of its process is open in the folder of the socket. That a process with the pid it says has that very file open, the
 * sidecar can see: whoever names the pid of another process is not believed.
 */
export class ProcessProof {
  #file: number | undefined
  #path = ''

  /** The file descriptor to be said in the hello; undefined where there is nothing to see (no /proc, a folder that can't be written). Never throws. */
  open(socket: string, process: string): number | undefined {
    this.close()
    if (globalThis.process.platform !== 'linux') return undefined
    const path = proofPath(dirname(socket), process)
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      this.#file = openSync(path, 'w', 0o600)
      this.#path = path
    } catch {
      // It is not signalled then, and a stop says why.
    }
    return this.#file
  }

  /** The sidecar has looked, or never will. */
  close(): void {
    if (this.#file === undefined) return
    try {
      closeSync(this.#file)
      rmSync(this.#path, { force: true })
    } catch {
      // An empty file is left, and written over by the next hello.
    }
    this.#file = undefined
  }
}

/** The sidecar's half. `folder`: that of the socket which the hello came over; undefined over TCP. Throws never. */
export function identityOf(
  { process, pid, proof }: Pick<Hello, 'process' | 'pid' | 'proof'>,
  folder: string | undefined,
): ProcessIdentity {
  if (folder === undefined)
    return { unproven: 'it is connected over TCP: only processes that use the socket of this host are signalled' }
  if (processMark('self') === undefined)
    return { unproven: 'there is no /proc on this host: which process it is can not be seen' }
  if (proof === undefined)
    return { unproven: `it has not shown which process it is (is ${join(folder, JOURNAL_FOLDER)} writable for it?)` }
  const mark = processMark(pid)
  if (mark !== undefined && holds(pid, proof, proofPath(folder, process))) return { mark }
  return {
    unproven: `pid ${pid} is not the process that has connected, as far as can be seen: it runs in another container (pid namespace) or as another user than the sidecar`,
  }
}

function holds(pid: number, file: number, path: string): boolean {
  try {
    const held = statSync(`/proc/${pid}/fd/${file}`, { bigint: true })
    const own = lstatSync(path, { bigint: true })
    return own.isFile() && held.ino === own.ino && held.dev === own.dev
  } catch {
    return false
  }
}

/** A process chooses its id: it is no path. */
const proofPath = (folder: string, process: string): string =>
  join(folder, JOURNAL_FOLDER, `${/^[\w-]{1,128}$/.test(process) ? process : '-'}.hello`)
