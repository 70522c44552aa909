import { closeSync, fstatSync, openSync, statSync } from 'node:fs'

/** Notices that a folder was moved, deleted, made anew or mounted over: what is open in it is not where the next start looks. */
export class FolderWatch {
  readonly #path: string
  /** Held open, so that no other folder gets its number. Undefined when there was none at the start. */
  readonly #file: number | undefined

  constructor(path: string) {
    this.#path = path
    this.#file = tried(() => openSync(path, 'r'))
  }

  /** Whether what has the path is what had it at the start. */
  isThere(): boolean {
    const file = this.#file
    if (file === undefined) return true
    const own = fstatSync(file)
    const there = tried(() => statSync(this.#path))
    return there !== undefined && there.ino === own.ino && there.dev === own.dev
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
  }
}

function tried<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch {
    return undefined
  }
}
