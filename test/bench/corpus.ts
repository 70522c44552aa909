import { readdirSync, readFileSync } from 'node:fs'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'
import { projectFolder } from '../support/run-agent.ts'

/*
 * Batches of agent spans with content, always the same: 100 to 500 spans each, about 3.8 kB and 15 attributes a span, text taken from the documentation of
 * installed packages, a quarter of the texts with characters beyond ASCII, and a secret or a personal value in three spans of four.
 */
export interface CorpusBatch {
  /** Protobuf of an ExportTraceServiceRequest. */
  readonly bytes: Buffer
  readonly spans: number
}

export function corpus(batches: number, seed = 1): CorpusBatch[] {
  const random = mulberry32(seed)
  const text = documentation()
  return Array.from({ length: batches }, (_, i) => batch(random, text, i))
}

const START_NS = 1_790_000_000_000_000_000n

function batch(random: () => number, text: string, index: number): CorpusBatch {
  const spans = 100 + Math.floor(random() * 400)
  const writer = new ProtobufWriter()
  writer.message(1, (w) => {
    w.message(1, () => {
      const resource = {
        'service.name': 'support',
        'service.version': '1.4.2',
        'host.name': 'agent-7',
        'telemetry.sdk.language': 'nodejs',
      }
      for (const [key, value] of Object.entries(resource)) w.keyValue(1, key, value)
    })
    return w.message(2, () => {
      w.message(1, () => w.string(1, 'spanwarden').string(2, '0.1.0'))
      for (let i = 0; i < spans; i++) w.message(2, () => writeSpan(w, random, text, index * 1000 + i))
    })
  })
  return { bytes: Buffer.from(writer.finish()), spans }
}

function writeSpan(w: ProtobufWriter, random: () => number, text: string, n: number): void {
  const ids = Buffer.alloc(24)
  ids.writeUInt32BE(1 + Math.floor(n / 8), 0)
  ids.writeUInt32BE(0x9e3779b9, 12)
  ids.writeUInt32BE(n + 1, 20)
  const start = START_NS + BigInt(n) * 1_000_000n
  const kind = n % 8 === 0 ? 'agent' : n % 3 === 0 ? 'tool' : 'model'
  w.bytes(1, ids.subarray(0, 16)).bytes(2, ids.subarray(16))
  if (kind !== 'agent') {
    const parent = Buffer.from(ids.subarray(16))
    parent.writeUInt32BE(n - (n % 8) + 1, 4)
    w.bytes(4, parent)
  }
  const attributes = attributesOf[kind]((length) => excerpt(random, text, length), n)
  const names = { agent: 'invoke_agent support', tool: 'execute_tool lookup_order', model: 'chat gpt-5-mini' }
  w.string(5, names[kind]).varint(6, kind === 'model' ? 3 : 1)
  w.fixed64(7, start).fixed64(8, start + BigInt(Math.floor(random() * 5e9)))
  for (const [key, value] of Object.entries(attributes)) w.keyValue(9, key, value)
  w.message(15, () => w.varint(3, n % 50 === 0 ? 2 : 1))
}

type Attributes = Readonly<Record<string, string | number | readonly string[]>>
type Excerpt = (length: number) => string

const attributesOf: Readonly<Record<'agent' | 'tool' | 'model', (excerpt: Excerpt, n: number) => Attributes>> = {
  agent: (excerpt, n) => ({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'support',
    'gen_ai.agent.id': `agent-${n}`,
    'gen_ai.conversation.id': `conversation-${n}`,
    'gen_ai.provider.name': 'openai',
    'app.tenant': `tenant-${n % 17}`,
    'app.question': excerpt(300),
    'gen_ai.input.messages': messages('user', excerpt(900)),
    'gen_ai.output.messages': messages('assistant', excerpt(900)),
  }),
  tool: (excerpt, n) => ({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'lookup_order',
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': `call_${n}`,
    'gen_ai.agent.name': 'support',
    'gen_ai.tool.call.arguments': JSON.stringify({
      order: `A-${n}`,
      note: excerpt(200),
      nested: JSON.stringify({ q: excerpt(100) }),
    }),
    'gen_ai.tool.call.result': JSON.stringify({ rows: [1, 2, 3].map((row) => ({ row, text: excerpt(600) })) }),
    'mcp.method.name': 'tools/call',
    'server.address': 'tools.internal',
    'server.port': 8443,
  }),
  model: (excerpt, n) => ({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
    'gen_ai.response.id': `chatcmpl-${n}`,
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.request.temperature': 0.7,
    'gen_ai.request.max_tokens': 1024,
    'gen_ai.usage.input_tokens': 900 + (n % 100),
    'gen_ai.usage.output_tokens': 200 + (n % 50),
    'gen_ai.conversation.id': `conversation-${n - (n % 8)}`,
    'server.address': 'api.openai.com',
    'gen_ai.system_instructions': excerpt(500),
    'gen_ai.input.messages': messages('user', excerpt(1200), excerpt(900)),
    'gen_ai.output.messages': messages('assistant', excerpt(1000)),
  }),
}

const messages = (role: string, ...texts: string[]): string =>
  JSON.stringify(texts.map((content) => ({ role, parts: [{ type: 'text', content }] })))

/** A piece of text; one of ten holds a secret. */
function excerpt(random: () => number, text: string, length: number): string {
  const from = Math.floor(random() * (text.length - length))
  let piece = text.slice(from, from + Math.floor(length * (0.6 + 0.8 * random())))
  if (random() < 0.25) piece = `Grüße, 你好 👋 ${piece}`
  if (random() < 0.28) {
    const at = Math.floor(random() * piece.length)
    piece = `${piece.slice(0, at)} ${personal[Math.floor(random() * personal.length)] ?? ''} ${piece.slice(at)}`
  }
  return piece
}

/** Put together here, so that no literal looks like a secret. */
const personal = [
  'jane.doe@example.com',
  '4111 1111 1111 1111',
  '+49 151 23456789',
  '(415) 555-0132',
  '536-22-8726',
  '10.20.30.40',
  ['sk', 'proj', 'q8Zr4kQw3nT5vYb1xUe6mCT3BlbkFJ0aHs7dLf2g'].join('-'),
  ['AKIA', 'Z7QWERTYUIOP2345'].join(''),
  ['ghp', 'a8Kd03mfLs92kdPqZxYw71bvQeRt55NnMmLk'].join('_'),
  ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'].join('.'),
  ['Authorization: Bearer', 'q8Zr4kQw3nT5vYb1xUe6mCT3BlbkFJ0a'].join(' '),
  'password=correct-horse-battery',
  'https://admin:hunter2@db.example.com/orders',
]

function documentation(): string {
  const folder = `${projectFolder}node_modules/fastify/docs/Reference`
  const files = readdirSync(folder).filter((file) => file.endsWith('.md'))
  return files
    .toSorted()
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n')
}

/** A small seeded generator: the corpus is the same everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
