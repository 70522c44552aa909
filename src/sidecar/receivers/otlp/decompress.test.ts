import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RefusedError } from '../../component.ts'
import { decompress } from './decompress.ts'

const MIB = 1024 * 1024
const BYTES_MAX = 64 * MIB

/** Counts what is held, and refuses beyond `bytesMax`. */
function memoryOf(bytesMax = Infinity) {
  let held = 0
  let most = 0
  return {
    hold(size: number): () => void {
      if (held + size > bytesMax) throw new RefusedError('busy', 'no memory')
      held += size
      most = Math.max(most, held)
      return () => void (held -= size)
    },
    get held() {
      return held
    },
    get most() {
      return most
    },
  }
}

/** The content, or the reason of the refusal. All that was held must be free again. */
async function outcome(name: string, bytes: Buffer, bytesMax = BYTES_MAX, memory = memoryOf()) {
  try {
    const { bytes: content, free } = await decompress(name, bytes, bytesMax, memory)
    expect(memory.held).toBeGreaterThanOrEqual(content.length)
    const copy = Buffer.from(content)
    free()
    return copy
  } catch (error) {
    return error instanceof RefusedError ? error.reason : error
  } finally {
    expect(memory.held).toBe(0)
  }
}

const compressors: readonly [name: string, how: string, compress: (bytes: Uint8Array) => Buffer][] = [
  ['gzip', 'gzip', (bytes) => gzipSync(bytes)],
  ['zstd', 'zstd', (bytes) => zstdCompressSync(bytes)],
  ['zlib', 'zlib', (bytes) => deflateSync(bytes)],
  ['deflate', 'zlib', (bytes) => deflateSync(bytes)],
  ['deflate', 'bare deflate', (bytes) => deflateRawSync(bytes)],
  ['deflate', 'bare deflate, stored', (bytes) => deflateRawSync(bytes, { level: 0 })],
]

describe.each(compressors)('%s as %s', (name, _, compress) => {
  test('gives back what was compressed', async () => {
    const anyBytes = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes))
    const repeats = fc.constantFrom(0, 1, 1000, 10_000)
    await fc.assert(
      fc.asyncProperty(anyBytes, repeats, async (bytes, times) => {
        const content = Buffer.concat(Array.from({ length: times }, () => bytes))
        expect(await outcome(name, compress(content))).toEqual(content)
      }),
      { numRuns: 60 },
    )
  })

  test('a bomb is too large, and never takes more than the limit', async () => {
    const memory = memoryOf()
    expect(await outcome(name, compress(Buffer.alloc(4 * MIB + 1)), 4 * MIB, memory)).toBe('too_large')
    expect(memory.most).toBeLessThanOrEqual(4 * MIB)
    expect(await outcome(name, compress(Buffer.alloc(4 * MIB)), 4 * MIB, memory)).toHaveLength(4 * MIB)
  })

  test('without memory for it, it is for later', async () => {
    const bomb = compress(Buffer.alloc(4 * MIB))
    expect(await outcome(name, bomb, BYTES_MAX, memoryOf(MIB))).toBe('busy')
  })

  test('what is cut off is not valid', async () => {
    const whole = compress(Buffer.from('some text that is long enough to be cut in many places'))
    for (let end = 0; end < whole.length - 1; end++) {
      expect([end, await outcome(name, whole.subarray(0, end))]).toEqual([end, 'invalid'])
    }
  })
})

test.each(['gzip', 'zstd'])('%s in several parts is one content', async (name) => {
  const compress = name === 'gzip' ? gzipSync : zstdCompressSync
  const parts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(1, 2000)), {
    minLength: 1,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(parts, async (chosen) => {
      const contents = chosen.map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
      expect(await outcome(name, Buffer.concat(contents.map((content) => compress(content))))).toEqual(
        Buffer.concat(contents),
      )
    }),
    { numRuns: 40 },
  )
  const bombs = Buffer.concat(Array.from({ length: 5 }, () => compress(Buffer.alloc(MIB))))
  expect(await outcome(name, bombs, 4 * MIB)).toBe('too_large')
})

describe('zstd', () => {
  const frame = zstdCompressSync(Buffer.from('abc'))
  const skippable = Buffer.from('502a4d1803000000616263', 'hex')

  test.each([
    ['what may be skipped is', Buffer.concat([skippable, frame, skippable]), 'abc'],
    ['something behind it', Buffer.concat([frame, Buffer.from('something')]), 'invalid'],
    ['more frames than anybody needs', Buffer.concat(Array.from({ length: 1001 }, () => frame)), 'invalid'],
    ['nothing but what may be skipped', skippable, 'invalid'],
    ['a window of 128 MiB (RFC 9659)', wideWindow(), 'invalid'],
  ])('%s', async (_, bytes, expected) => {
    const result = await outcome('zstd', bytes)
    expect(Buffer.isBuffer(result) ? result.toString() : result).toBe(expected)
  })

  function wideWindow(): Buffer {
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 }
    const wide = zstdCompressSync(Buffer.alloc(100), { params })
    // The header of a frame that ends at once names the size it needs; one that goes on must name the window.
    wide[5] = (27 - 10) << 3
    return wide
  }
})

test('any bytes are decompressed or refused', async () => {
  const any = fc.tuple(fc.constantFrom('gzip', 'zstd', 'zlib', 'deflate'), fc.uint8Array({ maxLength: 300 }))
  const starts = { gzip: '1f8b0800', zstd: '28b52ffd', zlib: '789c', deflate: '' }
  await fc.assert(
    fc.asyncProperty(any, fc.boolean(), async ([name, bytes], hasStart) => {
      const start = Buffer.from(
        hasStart ? (Object.entries(starts).find(([key]) => key === name)?.[1] ?? '') : '',
        'hex',
      )
      const result = await outcome(name, Buffer.concat([start, bytes]), 100_000)
      expect(Buffer.isBuffer(result) || result === 'invalid' || result === 'too_large').toBe(true)
    }),
    { numRuns: 500 },
  )
})
