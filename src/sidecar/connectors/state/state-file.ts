import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'

/** What a component knew: a value of JSON, and bytes where that would be too long. */
export interface State {
  readonly value: unknown
  readonly bytes: Uint8Array
}

/**
 * A snapshot of a component's state on disk, replaced as a whole: whoever reads it finds the last or the one before, never a half. Synchronous,
 * so that what is sent after `write` has returned was kept before. A crash of the process loses nothing that was written; `isSynced` adds that of the host.
 *
 *     'SPWSTATE', version, CRC-32 of all that follows, length of the JSON, JSON, bytes
 */
export class StateFile {
  readonly path: string
  readonly #version: number

  constructor(stateFolder: string, id: string, version: number) {
    const name = id.replaceAll(/[^\w.-]/g, (char) => `~${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
    this.path = join(stateFolder, 'metrics', `${name}.state`)
    this.#version = version
  }

  /** Undefined when there is none. Throws when it can't be read, is damaged or of another version. */
  read(): State | undefined {
    let file: Buffer
    try {
      file = readFileSync(this.path)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    if (file.length < HEADER_BYTES || file.toString('latin1', 0, MARK.length) !== MARK)
      throw new Error('it is no snapshot')
    const version = file.readUInt32LE(MARK.length)
    if (version !== this.#version) throw new Error(`it has version ${version}, not ${this.#version}`)
    if (crc32(file.subarray(CHECKED_FROM)) !== file.readUInt32LE(MARK.length + 4))
      throw new Error('its checksum is wrong')
    const jsonEnd = HEADER_BYTES + file.readUInt32LE(CHECKED_FROM)
    return { value: JSON.parse(file.toString('utf8', HEADER_BYTES, jsonEnd)), bytes: file.subarray(jsonEnd) }
  }

  /** Throws when the disk does not take it; the last snapshot stays then. */
  write({ value, bytes }: State, isSynced: boolean): void {
    const json = Buffer.from(JSON.stringify(value))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(json.length)
    const header = Buffer.alloc(CHECKED_FROM)
    header.write(MARK, 'latin1')
    header.writeUInt32LE(this.#version, MARK.length)
    header.writeUInt32LE(crc32(bytes, crc32(json, crc32(length))), MARK.length + 4)
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
    const next = `${this.path}.new`
    rmSync(next, { force: true })
    const file = openSync(next, 'wx', 0o600)
    try {
      for (const part of [header, length, json, bytes]) writeAll(file, part)
      if (isSynced) fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(next, this.path)
  }

  /** Moves a snapshot that can't be used out of the way, and says where to. The one that was put aside before goes. */
  putAside(): string {
    const aside = `${this.path}.broken`
    renameSync(this.path, aside)
    return aside
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

const MARK = 'SPWSTATE'
const CHECKED_FROM = MARK.length + 8
const HEADER_BYTES = CHECKED_FROM + 4
