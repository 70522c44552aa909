import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { HEAD_FILE, syncFolder } from './audit-files.ts'
import { lineHash } from './audit-line.ts'

/** Beginning and end of the log: a chain alone cannot tell that its ends were cut. */
export interface Head {
  /** The oldest line that is kept, or the next one when none is. */
  readonly first: { readonly seq: number; readonly prev: string }
  /** The newest line; 0 when there is none. */
  readonly last: { readonly seq: number; readonly hash: string }
  /** The newest line that is synced to disk. */
  readonly synced: number
}

/** One size for ever: it is overwritten in place, which a full disk allows. */
const HEAD_BYTES = 512

/** `audit/head.json`, kept open for writing. */
export class HeadFile {
  readonly #file: FileHandle
  #head: Head
  #writing: Promise<void> | undefined

  private constructor(file: FileHandle, head: Head) {
    this.#file = file
    this.#head = head
  }

  static async create(folder: string, head: Head): Promise<HeadFile> {
    const file = await open(join(folder, HEAD_FILE), constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      const headFile = new HeadFile(file, head)
      await file.truncate(HEAD_BYTES)
      await headFile.#write()
      await file.datasync()
      await syncFolder(folder)
      return headFile
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get head(): Head {
    return this.#head
  }

  /** Resolves when the file says so, not when the disk does. */
  async update(change: Partial<Head>): Promise<void> {
    this.#head = { ...this.#head, ...change }
    // Who waits for the write before writes for all that came meanwhile.
    await this.#writing?.catch(() => {})
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
    await this.#writing
  }

  async sync(): Promise<void> {
    await this.#file.datasync()
  }

  async #write(): Promise<void> {
    await this.#file.write(textOf(this.#head), 0)
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => {})
    await this.#file.close()
  }
}

function textOf(head: Head): string {
  const body = JSON.stringify({ v: 1, ...head })
  return `${JSON.stringify({ head: body, sum: lineHash(body) }).padEnd(HEAD_BYTES - 1)}\n`
}

/** `damaged`: it is no head, or one that was changed. */
export async function readHead(folder: string): Promise<Head | 'missing' | 'damaged'> {
  let text: string
  try {
    text = await readFile(join(folder, HEAD_FILE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing'
    throw error
  }
  return parseHead(text) ?? 'damaged'
}

function parseHead(text: string): Head | undefined {
  try {
    const { head: body, sum }: { head: string; sum: string } = JSON.parse(text)
    const head: Head = JSON.parse(body)
    // The sum vouches for the rest; the padding counts.
    return sum === lineHash(body) && text === textOf({ first: head.first, last: head.last, synced: head.synced })
      ? head
      : undefined
  } catch {
    return undefined
  }
}
