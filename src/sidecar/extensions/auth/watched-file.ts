import { readFileSync } from 'node:fs'
import type { Clock, Logger } from '../../component.ts'

/** A file of credentials is small; anything larger is a mistake. */
const BYTES_MAX = 1024 * 1024
const POLL_MS = 5000

/** A small file that is read at the start and again when it has changed. What can't be read later leaves what was read before. */
export class WatchedFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #changed: (text: string) => void
  #text: string | undefined
  #hasFailed = false
  #cancel = (): void => {}

  /** `changed` is called with each new content; what it throws is told like a file that can't be read. */
  constructor(path: string, { clock, logger }: { clock: Clock; logger: Logger }, changed: (text: string) => void) {
    this.#path = path
    this.#clock = clock
    this.#logger = logger
    this.#changed = changed
  }

  /** Throws when the file can't be read, or `changed` does. `isPatient`: waits for the file instead. */
  start(isPatient = false): void {
    if (isPatient) this.#look()
    else this.#read()
    this.#wait()
  }

  stop(): void {
    this.#cancel()
  }

  #wait(): void {
    this.#cancel = this.#clock.after(POLL_MS, () => {
      this.#look()
      this.#wait()
    })
  }

  #look(): void {
    try {
      const isNew = this.#read()
      if (isNew && this.#hasFailed) this.#logger.info({ file: this.#path }, 'the file of credentials can be read again')
      if (isNew) this.#hasFailed = false
    } catch (error) {
      if (this.#hasFailed) return
      this.#hasFailed = true
      const reason = error instanceof Error ? error.message : 'unknown'
      this.#logger.warn({ reason }, 'the credentials can not be read: those from before stay; mend the file')
    }
  }

  #read(): boolean {
    const text = readSmall(this.#path)
    if (text === this.#text) return false
    this.#changed(text)
    this.#text = text
    return true
  }
}

function readSmall(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new Error(`can not read ${path} (${code})`, { cause })
  }
  if (bytes.length > BYTES_MAX) throw new Error(`${path} is larger than ${BYTES_MAX} bytes`)
  return bytes.toString('utf8')
}
