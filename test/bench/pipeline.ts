/* By hand: `node test/bench/pipeline.ts`. The pipeline alone on agent spans of about 3.8 kB, beside a design with objects and regular expressions. */
import { fieldId } from '../../src/otlp/schema.ts'
import { Edits } from '../../src/otlp/edits.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { createScanner } from '../../src/redaction/scanner.ts'
import { noCandidates } from '../../src/redaction/triggers.ts'
import { agentMetrics } from '../../src/sidecar/connectors/agent-metrics.ts'
import { cost } from '../../src/sidecar/processors/cost.ts'
import { redaction } from '../../src/sidecar/processors/redaction.ts'
import { testContext } from '../support/component-context.ts'
import { agentBatches } from './agent-corpus.ts'
import { median } from './median.ts'
import { ObjectDesign } from './object-design.ts'

const SPANS = 300
const BATCHES = 10
const ROUNDS = Number(process.argv[2] ?? 7)

const batches = agentBatches(BATCHES, SPANS)
const bytesPerSpan = batches.reduce((sum, { length }) => sum + length, 0) / BATCHES / SPANS
const idFields = new Set([fieldId('Span', 'traceId'), fieldId('Span', 'spanId'), fieldId('Span', 'parentSpanId')])
const idPlaces = batches.map((bytes) => {
  const view = new OtlpView('traces', bytes)
  const places = Array.from({ length: view.count }, (_, n) => n)
    .filter((n) => idFields.has(view.field(n)))
    .map((n) => view.body(n))
  view.release()
  return places
})

/** New ids in every round: a span that is sent twice is not counted twice, which costs less. */
function renewIds(round: number): void {
  batches.forEach((bytes, i) => idPlaces[i]?.forEach((at) => bytes.writeUInt32BE(round * 7919, at)))
}

const context = testContext('bench')
const redact = redaction.create(redaction.config.parse({}), context)
const price = cost.create({}, context)
const metrics = agentMetrics.create(agentMetrics.config.parse({}), { ...context, emit: () => undefined })
metrics.start()
const output = Buffer.allocUnsafe(8 * 2 ** 20)
const scan = createScanner()
const redactor = createRedactor()
const guarded = new ObjectDesign(true)
const naive = new ObjectDesign(false)

function pipeline(bytes: Buffer): void {
  const view = new OtlpView('traces', bytes)
  const edits = new Edits(view)
  redact.process(view, edits)
  price.process(view, edits)
  edits.apply(() => output)
  metrics.consume(view)
  view.release()
}

/** What is measured, with how many batches of a round it gets. */
const contenders: Record<string, { run: (bytes: Buffer) => unknown; share: number }> = {
  copy: { run: (bytes) => bytes.copy(output), share: 1 },
  'byte loop': { run: byteLoop, share: 1 },
  scan: { run: scanOnly, share: 1 },
  walk: { run: (bytes) => new OtlpView('traces', bytes).release(), share: 1 },
  'scan + rules + walk': { run: findOnly, share: 1 },
  'redaction + edits': { run: redactOnly, share: 1 },
  'pipeline: redaction, cost, metrics, edits': { run: pipeline, share: 1 },
  'objects, guarded expressions': { run: (bytes) => guarded.process(bytes), share: 0.3 },
  'objects, plain expressions': { run: (bytes) => naive.process(bytes), share: 0.2 },
}

let sink = 0
const CLASSES = new Uint8Array(256).map((_, i) => i & 7)
function byteLoop(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i++) sink += CLASSES[bytes[i] as number] as number
}
function scanOnly(bytes: Buffer): void {
  candidates.length = 0
  scan(bytes, 0, bytes.length, candidates)
}
const candidates = noCandidates()
const STRING = fieldId('AnyValue', 'stringValue')
function findOnly(bytes: Buffer): void {
  const view = new OtlpView('traces', bytes)
  redactor.scan(bytes)
  for (let n = 0; n < view.count; n++)
    if (view.field(n) === STRING) sink += redactor.redactions(view.body(n), view.end(n)).length
  view.release()
}
function redactOnly(bytes: Buffer): void {
  const view = new OtlpView('traces', bytes)
  const edits = new Edits(view)
  redact.process(view, edits)
  edits.apply(() => output)
  view.release()
}

const times: Record<string, number[]> = {}
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, { run, share }] of Object.entries(contenders)) {
    renewIds(round + 10)
    const part = batches.slice(0, Math.max(1, Math.round(BATCHES * share)))
    const start = process.threadCpuUsage()
    for (const bytes of part) run(bytes)
    const { user, system } = process.threadCpuUsage(start)
    if (round >= 0) (times[name] ??= []).push((user + system) / part.length / SPANS)
  }
}

const usOf = (name: string): number => median(times[name])
const ours = usOf('pipeline: redaction, cost, metrics, edits')
const objects = Math.min(usOf('objects, guarded expressions'), usOf('objects, plain expressions'))
console.log(
  `${BATCHES} batches of ${SPANS} spans, ${bytesPerSpan.toFixed(0)} bytes a span; median of ${ROUNDS} rounds, CPU time of one thread`,
)
for (const name of Object.keys(contenders)) {
  const us = usOf(name)
  console.log(
    `${name.padEnd(44)}${us.toFixed(2).padStart(9)} µs/span${`${(1000 / us).toFixed(1)}k spans/s`.padStart(18)}${`${(bytesPerSpan / us).toFixed(0)} MB/s`.padStart(12)}`,
  )
}
scanOnly(batches[0] as Buffer)
console.log(
  `\ncandidates ${((candidates.length / (batches[0] as Buffer).length) * 1024).toFixed(2)} a kB; steps of rules ${stepsPerByte().toFixed(2)} a byte`,
)
const counted = [...context.counters].filter(([name, count]) => name.startsWith('spanwarden_redactions') && count > 0)
console.log(
  `hits a span: ours ${perSpan(
    counted.reduce((sum, [, n]) => sum + n, 0),
    2 * (ROUNDS + 2) * BATCHES,
  )}`,
)
console.log(
  `pipeline against objects with guarded expressions: ${(usOf('objects, guarded expressions') / ours).toFixed(1)} ×`,
)
console.log(
  `pipeline against objects with plain expressions:   ${(usOf('objects, plain expressions') / ours).toFixed(1)} ×`,
)
console.log(`pipeline against the better of both: ${(objects / ours).toFixed(1)} × (bar: 15 ×)`)
console.log(
  `redaction (scan + rules + walk) against a plain loop over the bytes: ${(usOf('scan + rules + walk') / usOf('byte loop')).toFixed(2)} ×`,
)
if (sink === 0) console.log('nothing was found')

function perSpan(total: number, runs: number): string {
  return (total / runs / SPANS).toFixed(3)
}
function stepsPerByte(): number {
  const bytes = batches[0] as Buffer
  findOnly(bytes)
  return redactor.steps / bytes.length
}
