import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { LINE_BYTES_MAX } from './audit-line.ts'

/** The lines of a file, or what stands where lines should: longer than any line, or without a line feed at the end. */
export interface RawLine {
  /** Without the line feed. Valid until the next is asked for. */
  readonly bytes: Buffer
  readonly isWhole: boolean
}

const CHUNK_BYTES = 64 * 1024
const LINE_FEED = 0x0a

/** From the first to the last, some at a time; of an open file, when one is given. Throws what the file system or the decompression says. */
export async function* linesOf(path: string, isCompressed: boolean, opened?: FileHandle): AsyncGenerator<RawLine[]> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunksOf(path, isCompressed, opened)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(LINE_FEED) + 1
    if (end > 0) yield splitLines(bytes.subarray(0, end))
    rest = bytes.subarray(end)
    if (rest.length <= LINE_BYTES_MAX) continue
    yield [{ bytes: rest, isWhole: false }]
    rest = Buffer.alloc(0)
  }
  if (rest.length > 0) yield [{ bytes: rest, isWhole: false }]
}

function chunksOf(path: string, isCompressed: boolean, fd: FileHandle | undefined): Readable {
  const options = { highWaterMark: CHUNK_BYTES, ...(fd === undefined ? {} : { fd, start: 0, autoClose: false }) }
  const file = createReadStream(path, options)
  // Errors of either reach who reads.
  return isCompressed ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file
}

/** `bytes` ends with a line feed. */
function splitLines(bytes: Buffer): RawLine[] {
  const lines: RawLine[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_FEED, start)
    lines.push({ bytes: bytes.subarray(start, end), isWhole: true })
    start = end + 1
  }
  return lines
}

/** The whole lines of a plain file from the last to the first, some at a time; never more than a chunk is in memory. What stands behind the last line feed is left out. */
export async function* linesBackwards(path: string): AsyncGenerator<Buffer[]> {
  const file = await open(path, 'r')
  try {
    let end = await endOfLastLine(file)
    while (end > 0) {
      const start = Math.max(0, end - CHUNK_BYTES)
      const bytes = await readAt(file, start, end - start)
      // The first line of the chunk begins in the one before, unless that is the beginning of the file.
      const from = start === 0 ? 0 : bytes.indexOf(LINE_FEED) + 1
      yield splitLines(bytes.subarray(from))
        .map((line) => line.bytes)
        .reverse()
      if (from === bytes.length) return
      end = start + from
    }
  } finally {
    await file.close()
  }
}

/** Length of a file up to its last line feed. */
export async function endOfLastLine(file: FileHandle): Promise<number> {
  let end = (await file.stat()).size
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const at = (await readAt(file, start, end - start)).lastIndexOf(LINE_FEED)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}

/** The first line of a file; undefined when it has none. */
export async function firstLineOf(path: string, isCompressed: boolean): Promise<Buffer | undefined> {
  for await (const [line] of linesOf(path, isCompressed)) return line?.isWhole === true ? line.bytes : undefined
  return undefined
}

/** The last whole line of a file; of a compressed one all of it is read. */
export async function lastLineOf(path: string, isCompressed: boolean): Promise<Buffer | undefined> {
  if (!isCompressed) {
    for await (const [line] of linesBackwards(path)) return line
    return undefined
  }
  let last: Buffer | undefined
  for await (const lines of linesOf(path, true)) last = lines.findLast(({ isWhole }) => isWhole)?.bytes ?? last
  return last
}
