const KEY_LETTERS = 56

/** Whether bytes[from, to) are a key of Stellar: base32 that ends with a CRC-16 (XModem) over the rest (SEP-23). */
export function isStrkey(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== KEY_LETTERS) return false
  let [crc, bits, count, sent] = [0, 0, 0, 0]
  const last: [number, number] = [0, 0]
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    const value = byte >= 0x41 && byte <= 0x5a ? byte - 0x41 : byte >= 0x32 && byte <= 0x37 ? byte - 0x18 : -1
    if (value < 0) return false
    bits = ((bits << 5) | value) & 0xfff
    count += 5
    if (count < 8) continue
    count -= 8
    const decoded = (bits >> count) & 0xff
    if (sent >= 33) last[sent - 33] = decoded
    else crc = withByte(crc, decoded)
    sent++
  }
  return ((last[1] << 8) | last[0]) === crc
}

function withByte(crc: number, byte: number): number {
  let result = crc ^ (byte << 8)
  for (let i = 0; i < 8; i++) result = ((result << 1) ^ ((result & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff
  return result
}
