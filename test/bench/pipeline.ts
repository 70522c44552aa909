/* By hand: `node test/bench/pipeline.ts`. The pipeline alone on agent spans of about 3.8 kB, beside a design with objects and regular expressions. */
import { fieldId } from '../../src/otlp/schema.ts'
import { Edits } from '../../src/otlp/edits.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { rules } from '../../src/redaction/rules.ts'
import { createScanner } from '../../src/redaction/scanner.ts'
import { noCandidates } from '../../src/redaction/triggers.ts'
import { WordList } from '../../src/redaction/word-list.ts'
import type { Processor } from '../../src/sidecar/component.ts'
import { agentMetrics } from '../../src/sidecar/connectors/agent-metrics.ts'
import { cost } from '../../src/sidecar/processors/cost.ts'
import { redaction } from '../../src/sidecar/processors/redaction.ts'
import { testContext } from '../support/component-context.ts'
import { agentBatches } from './agent-corpus.ts'
import type { Corpus } from './agent-corpus.ts'
import { ObjectDesign } from './object-design.ts'

const SPANS = 300
const BATCHES = 10
const ROUNDS = Number(process.argv[2] ?? 15)
const OBJECTS = ['objects, guarded expressions', 'objects, plain expressions'] as const
const PIPELINE = 'pipeline: walk, redaction, metrics, edits'
const WITH_COST = 'the same with the cost processor'
const STRING = fieldId('AnyValue', 'stringValue')
const ID_FIELDS = new Set([fieldId('Span', 'traceId'), fieldId('Span', 'spanId'), fieldId('Span', 'parentSpanId')])
const CLASSES = new Uint8Array(256).map((_, i) => i & 7)
const output = Buffer.allocUnsafe(8 * 2 ** 20)
let sink = 0

for (const corpus of ['words', 'docs'] as const) bench(corpus)
if (sink === 0) console.log('nothing was found')

function bench(corpus: Corpus): void {
  const batches = agentBatches(BATCHES, SPANS, corpus)
  const places = batches.map(idPlaces)
  const bytesPerSpan = batches.reduce((sum, { length }) => sum + length, 0) / BATCHES / SPANS
  const { contenders, counters } = contendersFor()
  // CPU time, summed over all rounds: the object design runs too long for a best time on a busy machine, and its clock is too coarse for one pass of ours.
  let runs = 0
  const spent: Record<string, { us: number; spans: number }> = {}
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, { run, share = 1 }] of Object.entries(contenders)) {
      // New ids every time: a span that is sent twice is not counted twice, which costs less.
      runs++
      batches.forEach((bytes, i) => places[i]?.forEach((at) => bytes.writeUInt32BE((runs * 7919) >>> 0, at)))
      const part = batches.slice(0, Math.round(BATCHES * share))
      const start = process.threadCpuUsage()
      for (const bytes of part) run(bytes)
      const { user, system } = process.threadCpuUsage(start)
      if (round < 0) continue
      const sum = (spent[name] ??= { us: 0, spans: 0 })
      sum.us += user + system
      sum.spans += part.length * SPANS
    }
  }
  const us = (name: string): number => (spent[name]?.us ?? 0) / (spent[name]?.spans ?? 1)
  const hits = [...counters]
    .filter(([name]) => name.startsWith('spanwarden_redactions'))
    .reduce((sum, [, n]) => sum + n, 0)
  console.log(
    `\n${corpus}: ${BATCHES} batches of ${SPANS} spans, ${bytesPerSpan.toFixed(0)} bytes and ${(hits / (ROUNDS + 3) / BATCHES / SPANS / 3).toFixed(2)} hits a span`,
  )
  console.log(`CPU time of one thread, mean of ${ROUNDS} rounds`)
  for (const name of Object.keys(contenders)) console.log(line(name, us(name), bytesPerSpan))
  const [guarded, plain] = OBJECTS.map((name) => us(name) / us(PIPELINE)) as [number, number]
  console.log(
    `pipeline against objects: ${guarded.toFixed(1)} × guarded, ${plain.toFixed(1)} × plain; against the better ${Math.min(guarded, plain).toFixed(1)} × (bar: 15 ×), with cost ${(Math.min(guarded, plain) * (us(PIPELINE) / us(WITH_COST))).toFixed(1)} ×`,
  )
  console.log(
    `scan + rules + walk against a plain loop over the bytes: ${(us('scan + rules + walk') / us('byte loop')).toFixed(2)} ×`,
  )
}

function line(name: string, us: number, bytes: number): string {
  const spans = `${(1000 / us).toFixed(1)}k spans/s`
  return `${name.padEnd(44)}${us.toFixed(2).padStart(9)} µs/span${spans.padStart(18)}${`${(bytes / us).toFixed(0)} MB/s`.padStart(12)}`
}

function idPlaces(bytes: Buffer): number[] {
  const view = new OtlpView('traces', bytes)
  const places = Array.from({ length: view.count }, (_, n) => n).filter((n) => ID_FIELDS.has(view.field(n)))
  const bodies = places.map((n) => view.body(n))
  view.release()
  return bodies
}

/** What is measured; `share` of the batches for those that take long. */
function contendersFor(): {
  contenders: Record<string, { run: (bytes: Buffer) => unknown; share?: number }>
  counters: ReadonlyMap<string, number>
} {
  const context = testContext('bench')
  const redact = redaction.create(redaction.config.parse({}), context)
  const price = cost.create({ prices_file: '' }, context)
  const metrics = agentMetrics.create(agentMetrics.config.parse({}), { ...context, emit: () => undefined })
  metrics.start()
  const scan = createScanner(
    new WordList(rules.flatMap(({ isDefault, words = [] }) => (isDefault === false ? [] : words))),
  )
  const candidates = noCandidates()
  const redactor = createRedactor()
  const guarded = new ObjectDesign(true)
  const plain = new ObjectDesign(false)
  const walked = (bytes: Buffer, work: (view: OtlpView) => void): void => {
    const view = new OtlpView('traces', bytes)
    work(view)
    view.release()
  }
  const redactAndEdit = (bytes: Buffer): void =>
    walked(bytes, (view) => {
      const edits = new Edits(view)
      redact.process(view, edits)
      edits.apply(() => output)
    })
  const pipeline = (bytes: Buffer, processors: readonly Processor[]): void =>
    walked(bytes, (view) => {
      const edits = new Edits(view)
      for (const processor of processors) processor.process(view, edits)
      edits.apply(() => output)
      metrics.consume(view)
    })
  const find = (bytes: Buffer): void =>
    walked(bytes, (view) => {
      redactor.scan(bytes)
      for (let n = 0; n < view.count; n++) {
        if (view.field(n) === STRING) sink += redactor.redactions(view.body(n), view.end(n)).length
      }
    })
  const scanOnly = (bytes: Buffer): void => {
    candidates.length = 0
    scan(bytes, 0, bytes.length, candidates)
  }
  const contenders = {
    'byte loop': { run: byteLoop },
    scan: { run: scanOnly },
    walk: { run: (bytes: Buffer) => walked(bytes, () => undefined) },
    'scan + rules + walk': { run: find },
    'redaction + edits': { run: redactAndEdit },
    [PIPELINE]: { run: (bytes: Buffer) => pipeline(bytes, [redact]) },
    [WITH_COST]: { run: (bytes: Buffer) => pipeline(bytes, [redact, price]) },
    [OBJECTS[0]]: { run: (bytes: Buffer) => guarded.process(bytes), share: 0.3 },
    [OBJECTS[1]]: { run: (bytes: Buffer) => plain.process(bytes), share: 0.2 },
  }
  return { contenders, counters: context.counters }
}

function byteLoop(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i++) sink += CLASSES[bytes[i] as number] as number
}
