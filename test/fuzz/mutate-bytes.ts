import type { Random } from './random.ts'

const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x20, 0x22, 0x5b, 0x5c, 0x7b, 0xc0, 0xed, 0xf4, 0xfe] as const
const WORDS = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
] as const

/** Knows nothing of what the bytes mean: flips, inserts, cuts, repeats, and grafts a piece of another seed. */
export function mutateBytes(random: Random, bytes: Buffer, seeds: readonly Buffer[], changes: number): Buffer {
  let result: Buffer = Buffer.from(bytes)
  for (let i = 0; i < changes; i++) result = mutateOnce(random, result, seeds)
  return result
}

function mutateOnce(random: Random, bytes: Buffer, seeds: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + 1 + random.size(64))
  switch (random.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = random.pick(BYTES)
      return bytes
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.size(16)), bytes.subarray(at)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    case 6:
      return overwrite(bytes, at, wordBytes(random))
    case 7: {
      const graft = pieceOf(random, random.pick(seeds))
      return Buffer.concat([bytes.subarray(0, at), graft, bytes.subarray(random.chance(0.5) ? at : end)])
    }
    default:
      return overwrite(bytes, at, pieceOf(random, bytes))
  }
}

function wordBytes(random: Random): Buffer {
  const word = Buffer.alloc(4)
  if (random.chance(0.5)) word.writeUInt32LE(random.pick(WORDS))
  else word.writeUInt32BE(random.pick(WORDS))
  return word
}

function pieceOf(random: Random, bytes: Buffer): Buffer {
  const from = random.below(bytes.length)
  return Buffer.from(bytes.subarray(from, from + 1 + random.size(256)))
}

function overwrite(bytes: Buffer, at: number, piece: Buffer): Buffer {
  piece.copy(bytes, at)
  return bytes
}
