/** Of an ASCII letter, digit, `-`, `_`, `+` or `/` in base64 or base64url. */
export const sextet = (c: number): number => {
  if (c >= 0x61) return c - 71
  if (c >= 0x41) return c === 0x5f ? 63 : c - 65
  if (c >= 0x30) return c + 4
  return c === 0x2f ? 63 : 62
}

/** Of a hex digit in any case. */
export const nibble = (c: number): number => (c & 15) + (c > 0x39 ? 9 : 0)

/**
 * Reads a text of UTF-8 byte by byte: returns how many bytes of the character at hand are still to come; -1 from the first byte on that is not part of a
 * text. `state` is what it returned for the byte before, 0 at first.
 */
export function textState(state: number, c: number): number {
  if (state !== 0) return state > 0 && (c & 0xc0) === 0x80 ? state - 1 : -1
  if (c < 0x80) return (c >= 0x20 && c < 0x7f) || c === 0x09 || c === 0x0a || c === 0x0d ? 0 : -1
  return c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1
}
