import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'

/** Four bytes for each batch of a segment that is done with: its sequence number. Not synced: one that is lost is a batch sent twice. */
export class Acknowledgements {
  readonly #path: string
  #file: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Throws when the file can't be written. */
  add(sequence: number): void {
    this.#file ??= openSync(this.#path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600)
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32LE(sequence)
    writeSync(this.#file, bytes)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

/** The batches that are done with; none when there is no such file. A number that was cut in two counts as none. */
export function readAcknowledged(path: string): ReadonlySet<number> {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    return new Set()
  }
  const done = new Set<number>()
  for (let at = 0; at + 4 <= bytes.length; at += 4) done.add(bytes.readUInt32LE(at))
  return done
}
