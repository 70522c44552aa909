import { jsonToProtobuf } from '../../../src/otlp/json-to-protobuf.ts'
import { OtlpError } from '../../../src/otlp/otlp-error.ts'
import { protobufToJson } from '../../../src/otlp/protobuf-to-json.ts'
import { unlessRefused } from '../../support/unless-refused.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { mutateBytes } from '../mutate-bytes.ts'
import { mutateJson } from '../mutate-json.ts'
import type { Seeds } from '../seeds.ts'

const SIGNALS = ['traces', 'metrics', 'logs'] as const
/** Memory for a request, by its bytes: the shortest number of an array takes two of them and eight on the wire. */
const GROWTH_MAX = 16
const ALLOCATED_BYTES_MIN = 4096

/** OTLP/JSON: what is taken can be read, and is the same JSON from then on. */
export function jsonTarget({ json }: Seeds): FuzzTarget {
  return {
    input(random) {
      const at = random.below(SIGNALS.length)
      const seeds = json[SIGNALS[at] ?? 'traces']
      const tokens = mutateJson(random, random.pick(seeds), seeds, random.size(10))
      const bytes = random.chance(0.3) ? mutateBytes(random, tokens, seeds, 1 + random.size(4)) : tokens
      return Buffer.concat([Buffer.of(at), bytes])
    },
    run(input) {
      const signal = SIGNALS[(input[0] ?? 0) % SIGNALS.length] ?? 'traces'
      let allocated = 0
      const allocate = (size: number): Buffer => {
        allocated += size
        return Buffer.allocUnsafe(size)
      }
      const bytes = unlessRefused(() => jsonToProtobuf(signal, input.subarray(1), allocate))
      must(
        allocated <= ALLOCATED_BYTES_MIN + GROWTH_MAX * input.length,
        'more memory than a request of this size may take',
      )
      if (bytes instanceof OtlpError) return
      const text = unlessRefused(() => protobufToJson(signal, bytes))
      must(!(text instanceof OtlpError), 'what was JSON cannot be read as Protocol Buffers')
      JSON.parse(text)
      must(protobufToJson(signal, jsonToProtobuf(signal, Buffer.from(text))) === text, 'JSON changes on its way back')
    },
  }
}
