import type { FileHandle } from 'node:fs/promises'

const CHUNK_BYTES = 64 * 1024
const NEWLINE = 0x0a
/** How a line of ours begins. */
const LINE_START = '{"resource'
/** Before each record: its length. */
export const PREFIX_BYTES = 4

/**
 * Makes the file end with a whole line: a last one without end gets it when it is whole, and is cut off when it is a torn one of ours. What is something else
 * stays, with an end.
 */
export async function mendLines(handle: FileHandle, size: number): Promise<{ bytes: number; cutBytes: number }> {
  const start = await lastLineStart(handle, size)
  if (start === size) return { bytes: size, cutBytes: 0 }
  const line = Buffer.alloc(size - start)
  await handle.read(line, 0, line.length, start)
  const text = line.toString('utf8')
  if (text.startsWith(LINE_START.slice(0, text.length)) && !isJson(text)) {
    await handle.truncate(start)
    return { bytes: start, cutBytes: size - start }
  }
  await handle.appendFile('\n')
  return { bytes: size + 1, cutBytes: 0 }
}

/** Offset behind the last end of a line. */
async function lastLineStart(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    const at = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Offset behind the last whole record. */
export async function recordsEnd(handle: FileHandle, size: number): Promise<number> {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  for (let at = 0; ;) {
    if (at + PREFIX_BYTES > size) return at
    await handle.read(prefix, 0, PREFIX_BYTES, at)
    const end = at + PREFIX_BYTES + prefix.readUInt32BE()
    if (end > size) return at
    at = end
  }
}
