import { createHash } from 'node:crypto'
import { readFileSync, realpathSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from './component.ts'

export interface FileWatchOptions {
  /** Files whose contents matter; asked for again after each change. */
  files(): readonly string[]
  /** Asked for again and again. */
  settings(): FileWatchSettings
  readonly clock: Pick<Clock, 'after'>
  onChange(): void
}

export interface FileWatchSettings {
  /** Otherwise changes are noticed when it is on again. */
  readonly isOn: boolean
  /** How long the files must stay as they are before `onChange`. */
  readonly settleMs: number
  readonly pollMs: number
}

/** Folders that are watched; what lies in others is only polled. */
const FOLDERS_MAX = 64

/**
 * Tells when the contents of files have changed, whoever writes them and how: in place, by renaming another over them, or by pointing a symbolic link elsewhere, as Kubernetes
 * does with a ConfigMap. Events of their folders only say when to look; what decides is what the files hold.
 */
export class FileWatch {
  readonly #options: FileWatchOptions
  #watchers: FSWatcher[] = []
  #known: string
  /** What the last look saw, while it is not settled. */
  #unsettled: string | undefined
  #cancelLook: (() => void) | undefined
  #cancelPoll: (() => void) | undefined
  #isClosed = false

  constructor(options: FileWatchOptions) {
    this.#options = options
    this.#known = contentsOf(options.files())
    this.#watchFolders()
    this.#poll()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
    this.#cancelPoll?.()
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  #poll(): void {
    this.#cancelPoll = this.#options.clock.after(this.#options.settings().pollMs, () => {
      this.#look()
      this.#poll()
    })
  }

  #lookLater(): void {
    if (this.#isClosed) return
    this.#cancelLook?.()
    this.#cancelLook = this.#options.clock.after(this.#options.settings().settleMs, () => this.#look())
  }

  #look(): void {
    if (!this.#options.settings().isOn) return
    const contents = contentsOf(this.#options.files())
    if (contents === this.#known) {
      this.#unsettled = undefined
      return
    }
    if (contents !== this.#unsettled) {
      this.#unsettled = contents
      return this.#lookLater()
    }
    this.#unsettled = undefined
    const files = this.#options.files()
    this.#options.onChange()
    // Another configuration may name other files. Of the same ones, what changes while they are read is a change of its own.
    const isSame = isDeepStrictEqual(files, this.#options.files())
    this.#known = isSame ? contents : contentsOf(this.#options.files())
    this.#watchFolders()
  }

  #watchFolders(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close()
    if (this.#isClosed) return
    for (const folder of foldersOf(this.#options.files()).slice(0, FOLDERS_MAX)) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#lookLater())
        watcher.on('error', () => watcher.close())
        this.#watchers.push(watcher)
      } catch {
        // Polling finds it: the folder is not there yet, or the system watches no more.
      }
    }
  }
}

/** The folders in which something happens when one of the files changes: where its name is, and where it really is. */
function foldersOf(files: readonly string[]): string[] {
  const folders = new Set<string>()
  for (const file of files) {
    folders.add(dirname(resolve(file)))
    try {
      folders.add(dirname(realpathSync(file)))
    } catch {
      // It is not there now.
    }
  }
  return [...folders]
}

function contentsOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${file}\0`)
    try {
      hash.update(readFileSync(file)).update('\0')
    } catch {
      hash.update('\0missing\0')
    }
  }
  return hash.digest('hex')
}
