/** Bytes of the UTF-8 sequence of a character beyond ASCII that starts there, 0 when there is none (Unicode, table 3-7). */
export function utf8Size(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (size === 0 || at + size > end) return 0
  const second = bytes[at + 1] as number
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let i = 2; i < size; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0
  return size
}
