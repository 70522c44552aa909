import type { Redaction } from '../../../redaction/redactor.ts'

/** What stands where a value was cut off in the middle of something that no rule can tell any more. */
export const TRUNCATED = 'TRUNCATED'

/** Digits of a number that was cut off: fewer are no card, account or phone. */
const DIGITS_MIN = 6
/** Letters and digits of a key that was cut off. */
const TOKEN_MIN = 12
/** Looked at, from the end. */
const RUN_BYTES_MAX = 128

/** Whether the value bytes[start, end) is as long as the SDK lets values be, in characters as either of the languages counts them: what follows was cut off. */
export function isAtLimit(bytes: Uint8Array, start: number, end: number, limit: number): boolean {
  if (end - start < limit || end - start > limit * 4) return false
  let points = 0
  let pairs = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if ((byte & 0xc0) !== 0x80) points++
    if (byte >= 0xf0) pairs++
  }
  return points === limit || points + pairs === limit
}

/**
 * The run at the end of a value that was cut off, if it may be the beginning of something sensitive: a number of six digits or more with gaps, a mixed run of letters and
 * digits, an address up to behind its `@`. Undefined when what is found reaches to the end already.
 */
export function openEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  found: readonly Redaction[],
): Redaction | undefined {
  const from = Math.max(runStart(bytes, start, end), found.at(-1)?.end ?? start)
  if (from >= end || !isTelling(bytes.subarray(from, end))) return undefined
  return { start: from, end, type: TRUNCATED, confidence: 0.5, replacement: PLACEHOLDER }
}

const PLACEHOLDER = Buffer.from(`[REDACTED:${TRUNCATED}]`)

/** Back over what values are made of; a blank counts between digits only. */
function runStart(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.max(start, end - RUN_BYTES_MAX)
  let from = end
  while (from > stop) {
    const byte = bytes[from - 1] as number
    const isGap = byte === 0x20 && isDigit(bytes[from - 2]) && isDigit(bytes[from] ?? 0x30)
    if (!isGap && RUN[byte] !== 1) break
    from--
  }
  return from
}

function isTelling(run: Uint8Array): boolean {
  let digits = 0
  let letters = 0
  for (const byte of run) {
    if (isDigit(byte)) digits++
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) letters++
  }
  return digits >= DIGITS_MIN || (digits > 0 && letters > 0 && digits + letters >= TOKEN_MIN) || run.includes(0x40)
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

const RUN = new Uint8Array(256)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@+%/=') RUN[char.charCodeAt(0)] = 1
