/** A number of which the remainder by the number of partitions is the partition of a key. */
export type KeyHash = (key: Buffer) => number

/** As in sarama, and so in the stock collector: FNV-1a as a signed number, without its sign after the division. */
export const saramaHash: KeyHash = (key) => {
  let hash = 0x811c9dc5
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193)
  return Math.abs(hash | 0)
}

/** As in the clients in Java: MurmurHash2 of 32 bits, without its highest bit. */
export const murmur2Hash: KeyHash = (key) => {
  const M = 0x5bd1e995
  let hash = 0x9747b28c ^ key.length
  const whole = key.length & ~3
  for (let i = 0; i < whole; i += 4) {
    let part = Math.imul(key.readInt32LE(i), M)
    part = Math.imul(part ^ (part >>> 24), M)
    hash = Math.imul(hash, M) ^ part
  }
  if (key.length > whole) {
    for (let i = key.length - 1; i >= whole; i--) hash ^= (key[i] ?? 0) << (8 * (i - whole))
    hash = Math.imul(hash, M)
  }
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return (hash ^ (hash >>> 15)) & 0x7fffffff
}
