import { countItems } from '../../../src/sidecar/count-items.ts'
import { jsonToProtobuf } from '../../../src/otlp/json-to-protobuf.ts'
import { OtlpError } from '../../../src/otlp/otlp-error.ts'
import { protobufToJson } from '../../../src/otlp/protobuf-to-json.ts'
import { splitRequest } from '../../../src/otlp/split.ts'
import { OtlpView } from '../../../src/otlp/view.ts'
import { unlessRefused } from '../../support/unless-refused.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { RequestMutator, requestIn } from '../request-mutator.ts'
import type { Seeds, Signal } from '../seeds.ts'

/** A request is walked, written as JSON and back, and split. */
export function protobufTarget({ protobuf }: Seeds): FuzzTarget {
  const mutator = new RequestMutator(protobuf)
  return {
    input: (random) => mutator.mutate(random),
    run(input) {
      const { signal, bytes } = requestIn(input)
      const items = unlessRefused(() => itemsIn(signal, bytes))
      if (items instanceof OtlpError) return
      checkJson(signal, bytes)
      checkHalves(signal, bytes, items)
    },
  }
}

function itemsIn(signal: Signal, bytes: Uint8Array): number {
  const view = new OtlpView(signal, bytes)
  const items = countItems(view)
  view.release()
  return items
}

/** What is JSON once stays what it is. */
function checkJson(signal: Signal, bytes: Buffer): void {
  const json = protobufToJson(signal, bytes)
  JSON.parse(json)
  const again = unlessRefused(() => jsonToProtobuf(signal, Buffer.from(json)))
  must(!(again instanceof OtlpError), 'the JSON of a batch is refused')
  must(protobufToJson(signal, again) === json, 'JSON of a batch changes on its way back')
}

function checkHalves(signal: Signal, bytes: Buffer, items: number): void {
  const halves = splitRequest(signal, bytes)
  must((halves === undefined) === items < 2, 'a batch of two items is not split, or one of less is')
  let sum = 0
  for (const half of halves ?? []) {
    must(itemsIn(signal, half.bytes) === half.items && half.items > 0, 'a half does not hold the items that it says')
    sum += half.items
  }
  must(halves === undefined || sum === items, 'items are lost in a split')
}
