import { createRedactor } from '../../../src/redaction/redactor.ts'
import { createScanner } from '../../../src/redaction/scanner.ts'
import { noCandidates } from '../../../src/redaction/triggers.ts'
import { WordList } from '../../../src/redaction/word-list.ts'
import { rules } from '../../../src/redaction/rules.ts'
import { loadAnnotated } from './annotated.ts'
import { PATTERNS } from './naive-regexes.ts'
import type { Section } from './render-quality.ts'

/** Of each kind of text. */
const CORPUS_BYTES = 10_000_000
/** What the sidecar hands over at once. */
const BATCH_BYTES = 512_000
const PASSES = 7

interface Corpus {
  readonly name: string
  /** Values, each behind its tag and length, as on the wire. */
  readonly batches: readonly { readonly bytes: Uint8Array; readonly ranges: readonly (readonly [number, number])[] }[]
  readonly texts: readonly string[]
  readonly bytes: number
}

/** The engine on bytes, as the sidecar runs it: CPU time of this run, as multiples of a plain loop over the same bytes with a table of 256 entries. */
export function measureEngine(): Section {
  const rows: string[][] = []
  for (const corpus of [prompts(), records(), traffic(), asEncoded(prompts())]) {
    const work: Record<string, () => void> = {
      loop: () => corpus.batches.forEach(({ bytes }) => byteLoop(bytes)),
      scanner: scanOnly(corpus),
      engine: engine(corpus),
      regexes: () => corpus.texts.slice(0, corpus.texts.length / 20).forEach(countNaive),
    }
    const seconds = best(work)
    const floor = seconds['loop'] ?? 0
    for (const name of ['loop', 'scanner', 'engine', 'regexes']) {
      const time = (seconds[name] ?? 0) * (name === 'regexes' ? 20 : 1)
      rows.push([corpus.name, name, (corpus.bytes / 1e6 / time).toFixed(0), (time / floor).toFixed(2)])
    }
  }
  return {
    title: 'The engine alone',
    note: 'Bytes in, ranges to replace out; all default rules, decoders and key rules; best of several passes. "regexes": a plain set of 14 regular expressions on strings.',
    header: ['text', '', 'MB/s', '× loop'],
    rows,
  }
}

/** The best time of each, taken in turns so that other work on the machine meets all alike. */
function best(work: Record<string, () => void>): Record<string, number> {
  const seconds: Record<string, number> = {}
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [name, run] of Object.entries(work)) {
      const start = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(start)
      seconds[name] = Math.min(seconds[name] ?? Number.POSITIVE_INFINITY, (user + system) / 1e6)
    }
  }
  return seconds
}

function engine({ batches }: Corpus): () => void {
  const redactor = createRedactor()
  return () => {
    for (const { bytes, ranges } of batches) {
      redactor.scan(bytes)
      for (const [start, end] of ranges) sink += redactor.redactions(start, end).length
    }
  }
}

function scanOnly({ batches }: Corpus): () => void {
  const scan = createScanner(
    new WordList(rules.flatMap(({ words = [] }) => words)),
    rules.flatMap(({ pairs = [] }) => pairs),
  )
  const found = noCandidates()
  return () => {
    for (const { bytes } of batches) {
      found.length = 0
      scan(bytes, 0, bytes.length, found)
      sink += found.length
    }
  }
}

const countNaive = (text: string): void => {
  for (const [, pattern] of PATTERNS) sink += text.match(pattern)?.length ?? 0
}

const CLASSES = new Uint8Array(256).fill(1, 0x30, 0x3a)
let sink = 0
function byteLoop(bytes: Uint8Array): void {
  let count = 0
  for (let i = 0; i < bytes.length; i++) count += CLASSES[bytes[i] as number] as number
  sink += count
}

/** What customers, agents and models say, and instructions. */
const prompts = (): Corpus =>
  corpusOf(
    'prompt text',
    textsOf('tau_agent_traces').filter((text) => !isJson(text)),
  )

/** Arguments and results of tools, full of records of people. */
const records = (): Corpus => corpusOf('JSON of tools', textsOf('tau_agent_traces').filter(isJson))

/** Requests and responses with headers, identifiers and embeddings. */
const traffic = (): Corpus => corpusOf('model traffic', textsOf('llm_http_cassettes'))

const textsOf = (name: string): string[] => loadAnnotated(name).map(({ text }) => text)
const isJson = (text: string): boolean => /^\s*[[{]/.test(text)

/** Every fourth value as a string of JSON with escapes, in a URL, or in base64. */
function asEncoded({ name, texts }: Corpus): Corpus {
  const encoded = texts.map((text, i) => {
    switch (i % 12) {
      case 0:
        return JSON.stringify({ arguments: text }).replaceAll(
          /[<>&'@]/g,
          (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      case 4:
        return `https://x.example/?q=${encodeURIComponent(text.slice(0, 2000).toWellFormed())}`
      case 8:
        return Buffer.from(text).toString('base64')
      default:
        return text
    }
  })
  return corpusOf(`${name}, a quarter of it encoded`, encoded)
}

/** The texts again and again, as a stream of values. */
function corpusOf(name: string, texts: readonly string[]): Corpus {
  const chosen: string[] = []
  const batches: { bytes: Uint8Array; ranges: [number, number][] }[] = []
  let parts: Buffer[] = []
  let ranges: [number, number][] = []
  let size = 0
  let total = 0
  for (let i = 0; total + size < CORPUS_BYTES; i++) {
    const text = texts[i % texts.length] as string
    chosen.push(text)
    const value = Buffer.from(text)
    const head = Buffer.from([TAG, ...varint(value.length)])
    parts.push(head, value)
    ranges.push([size + head.length, size + head.length + value.length])
    size += head.length + value.length
    if (size < BATCH_BYTES) continue
    batches.push({ bytes: Buffer.concat(parts), ranges })
    total += size
    parts = []
    ranges = []
    size = 0
  }
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
  return { name, batches, texts: chosen, bytes }
}

/** Of a string field of Protocol Buffers. */
const TAG = 0x0a
const varint = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...varint(n >>> 7)])

if (import.meta.main) {
  const { rows } = measureEngine()
  for (const [text = '', what = '', speed = '', ratio = ''] of rows)
    console.log(`${text.padEnd(36)} ${what.padEnd(10)} ${speed.padStart(6)} MB/s ${ratio.padStart(8)} x`)
  if (sink === 0) console.log('nothing found')
}
