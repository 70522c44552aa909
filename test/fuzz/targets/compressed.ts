import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { RefusedError } from '../../../src/sidecar/component.ts'
import { COMPRESSIONS, decompress } from '../../../src/sidecar/receivers/otlp/decompress.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { mutateBytes } from '../mutate-bytes.ts'
import type { Seeds } from '../seeds.ts'

const OUTPUT_BYTES_MAX = 512 * 1024

/** The first byte says by which name the rest is unpacked. */
export function compressedTarget({ protobuf }: Seeds): FuzzTarget {
  const plain = [
    ...protobuf.traces.slice(0, 20),
    Buffer.alloc(OUTPUT_BYTES_MAX),
    Buffer.alloc(OUTPUT_BYTES_MAX + 1),
    Buffer.alloc(0),
  ]
  const packed = [gzipSync, deflateSync, deflateRawSync, zstdCompressSync].flatMap((pack) =>
    plain.map((bytes) => pack(bytes)),
  )
  const members = [Buffer.concat(packed.slice(0, 3)), Buffer.concat(packed.slice(-3))]
  const seeds = [...packed, ...members]
  let held = 0
  const memory = {
    hold(bytes: number): () => void {
      must(bytes >= 0 && bytes <= 2 * OUTPUT_BYTES_MAX, 'more is held than may come out')
      held += bytes
      return () => void (held -= bytes)
    },
  }
  return {
    input(random) {
      const name = random.below(COMPRESSIONS.length)
      return Buffer.concat([Buffer.of(name), mutateBytes(random, random.pick(seeds), seeds, random.size(6))])
    },
    async run(input) {
      const name = COMPRESSIONS[(input[0] ?? 0) % COMPRESSIONS.length] ?? 'gzip'
      try {
        const { bytes, free } = await decompress(name, input.subarray(1), OUTPUT_BYTES_MAX, memory)
        must(bytes.length <= OUTPUT_BYTES_MAX, 'more comes out than may')
        free()
      } catch (error) {
        if (!(error instanceof RefusedError) || error.reason === 'failed') throw error
      }
      must(held === 0, 'memory is held for good')
    },
  }
}
