import { globSync, readFileSync } from 'node:fs'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'

/** What conversations are made of: words that frequent ones dominate, or documentation and type declarations of installed packages. */
export type Corpus = 'words' | 'docs'

/**
 * Traces of agents as benchmarks need them: about 3.8 kB a span with conversation content, 0.75 secrets a span, a quarter of the texts of words with letters
 * beyond ASCII. Deterministic: the same numbers give the same bytes (docs: as long as the same packages are installed).
 */
export function agentBatches(count: number, spans: number, corpus: Corpus = 'words'): Buffer[] {
  const random = new Random(20_261_121)
  const text = corpus === 'words' ? proseOf(random, vocabulary(random)) : documentation(random)
  return Array.from({ length: count }, (_, i) => agentBatch(random, text, spans, i))
}

type Text = (bytes: number) => string

/** Pieces of 2.6 MB of what models are shown in coding sessions. */
function documentation(random: Random): Text {
  const root = new URL('../../node_modules/', import.meta.url)
  const files = globSync(['*/README.md', '@*/*/README.md', 'zod/**/*.d.ts', 'openai/**/*.d.ts'], { cwd: root }).sort()
  let all = ''
  for (const file of files)
    if (all.length < 2_600_000) all += readFileSync(new URL(file, root), 'utf8').slice(0, 60_000)
  return (bytes) => {
    const at = random.below(all.length - bytes)
    return all.slice(at, at + bytes).toWellFormed()
  }
}

/** xorshift32, for numbers that are the same on every machine. */
class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed
  }
  /** Uniform in [0, 1). */
  next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }
  digits(length: number): string {
    return Array.from({ length }, () => this.below(10)).join('')
  }
  token(length: number): string {
    return Array.from({ length }, () => this.pick([...ALNUM])).join('')
  }
}

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const COMMON = (
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there ' +
  'would their we him been has when who will no more if out so said what up its about than into them can only other time new some could these two may ' +
  'order parcel refund account invoice shipping address payment customer support ticket please thanks product delivery cancel return status number'
).split(' ')
const SYLLABLES = 'ba ne ti lo ru ka mer son tal vin dor ex qui pro com ter sta ble ment ing er al ion ver sub'.split(
  ' ',
)
const BEYOND_ASCII = ['naïve', 'café', 'Zürich', 'señor', '日本語', 'größe', '–', '…', '“quoted”', '🙂']

function vocabulary(random: Random): readonly string[] {
  const made = Array.from({ length: 3000 }, () =>
    Array.from({ length: 1 + random.below(4) }, () => random.pick(SYLLABLES)).join(''),
  )
  return [...COMMON, ...made]
}

/** Frequent words first, as in any language; now and then a number, a name, a date. */
const proseOf =
  (random: Random, words: readonly string[]): Text =>
  (bytes) => {
    const isBeyondAscii = random.next() < 0.25
    const parts: string[] = []
    let length = 0
    while (length < bytes) {
      const roll = random.next()
      let word = words[Math.floor(words.length ** random.next()) - 1] ?? 'the'
      if (roll < 0.02) word = random.digits(1 + random.below(5))
      else if (roll < 0.03) word = `2026-0${1 + random.below(9)}-1${random.below(10)}`
      else if (roll < 0.06) word = word.charAt(0).toUpperCase() + word.slice(1)
      else if (roll < 0.1) word += random.pick(['.', ',', ':', '?\n', '!'])
      else if (isBeyondAscii && roll < 0.13) word = random.pick(BEYOND_ASCII)
      parts.push(word)
      length += word.length + 1
    }
    return parts.join(' ')
  }

function secret(random: Random): string {
  const makers: readonly (() => string)[] = [
    () => `${random.pick(COMMON)}.${random.pick(COMMON)}@${random.pick(COMMON)}mail.com`,
    () => `${random.pick(COMMON)}${random.digits(2)}@example.org`,
    () => `card ${cardNumber(random)}`,
    () => `+1 212 555 ${random.digits(4)}`,
    () => `1${random.digits(2)}-4${random.digits(1)}-7${random.digits(3)}`,
    () => `198.51.100.${random.below(255)}`,
    () => `sk${'-'}proj-${random.token(40)}`,
    () => `AKI${'A'}${random.token(16).toUpperCase()}`,
    () => `gh${'p_'}${random.token(36)}`,
    () => `eyJhbGciOiJIUzI1NiJ9.eyJ${random.token(40)}.${random.token(43)}`,
    () => `Authorization: Bearer ${random.token(32)}`,
    () => `postgres://app:${random.token(12)}@db.internal:5432/prod`,
  ]
  return random.pick(makers)()
}

function cardNumber(random: Random): string {
  const payload = `4${random.digits(14)}`
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const digit = Number(payload[14 - i])
    const weighted = i % 2 === 0 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return (payload + String((10 - (sum % 10)) % 10)).replaceAll(/(.{4})(?=.)/g, '$1 ')
}

function agentBatch(random: Random, prose: Text, spans: number, batch: number): Buffer {
  return new ProtobufWriter()
    .message(1, (w) =>
      w
        .message(1, () => {
          w.keyValue(1, 'service.name', 'support-agent').keyValue(1, 'service.instance.id', `instance-${batch}`)
          w.keyValue(1, 'telemetry.sdk.language', 'nodejs').keyValue(1, 'host.name', 'ip-10-0-11-171')
        })
        .message(2, () => {
          w.message(1, () => w.string(1, 'spanwarden').string(2, '0.1.0'))
          for (let i = 0; i < spans; i++) w.message(2, () => writeSpan(w, random, prose, batch * spans + i))
        }),
    )
    .finish()
}

const id = (size: number, n: number): Buffer => {
  const bytes = Buffer.alloc(size, 0x9d)
  bytes.writeUInt32BE(n + 1, size - 4)
  return bytes
}
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5']
const START = 1_790_000_000_000_000_000n

/** Ten spans a trace: the agent, five model calls, four tool calls. */
function writeSpan(w: ProtobufWriter, random: Random, prose: Text, n: number): void {
  const place = n % 10
  const root = n - place
  w.bytes(1, id(16, root)).bytes(2, id(8, n))
  if (place > 0) w.bytes(4, id(8, root))
  const start = START + BigInt(n) * 1_000_000n
  const model = random.pick(MODELS)
  const name = place === 0 ? 'invoke_agent support' : place <= 5 ? `chat ${model}` : 'execute_tool find_order'
  w.string(5, name)
    .varint(6, place > 0 && place <= 5 ? 3 : 1)
    .fixed64(7, start)
    .fixed64(8, start + BigInt(random.below(3_000_000_000)))
  const text: Text = (bytes) => withSecrets(random, prose(bytes))
  if (place === 0) {
    w.keyValue(9, 'gen_ai.operation.name', 'invoke_agent').keyValue(9, 'gen_ai.agent.name', 'support')
    w.keyValue(9, 'gen_ai.conversation.id', `conv_${random.token(20)}`).keyValue(
      9,
      'gen_ai.input.messages',
      messages(text(900)),
    )
  } else if (place <= 5) writeModelCall(w, random, model, text)
  else {
    w.keyValue(9, 'gen_ai.operation.name', 'execute_tool').keyValue(9, 'gen_ai.tool.name', 'find_order')
    w.keyValue(9, 'gen_ai.tool.call.id', `call_${random.token(24)}`)
    w.keyValue(9, 'gen_ai.tool.call.arguments', JSON.stringify({ order: `W${random.digits(7)}`, note: text(60) }))
    w.keyValue(
      9,
      'gen_ai.tool.call.result',
      JSON.stringify({ items: [{ sku: random.digits(10), price: 199.99, text: text(1300) }] }),
    )
  }
  if (random.next() < 0.02) w.message(15, () => w.string(2, 'rate limited').varint(3, 2))
}

function writeModelCall(w: ProtobufWriter, random: Random, model: string, text: Text): void {
  w.keyValue(9, 'gen_ai.operation.name', 'chat').keyValue(
    9,
    'gen_ai.provider.name',
    model.startsWith('gpt') ? 'openai' : 'anthropic',
  )
  w.keyValue(9, 'gen_ai.request.model', model).keyValue(9, 'gen_ai.response.model', model)
  w.keyValue(9, 'gen_ai.response.id', `chatcmpl-${random.token(29)}`)
    .keyValue(9, 'server.address', 'api.openai.com')
    .keyValue(9, 'server.port', 443)
  w.keyValue(9, 'gen_ai.request.temperature', 0.7).keyValue(9, 'gen_ai.response.finish_reasons', ['stop'])
  w.keyValue(9, 'gen_ai.usage.input_tokens', 300 + random.below(3000)).keyValue(
    9,
    'gen_ai.usage.output_tokens',
    random.below(900),
  )
  w.keyValue(9, 'gen_ai.conversation.id', `conv_${random.token(20)}`)
  w.keyValue(9, 'gen_ai.input.messages', messages(text(1300 + random.below(4400)), text(400)))
  w.keyValue(9, 'gen_ai.output.messages', messages(text(300 + random.below(1500))))
}

const messages = (...texts: readonly string[]): string =>
  JSON.stringify(
    texts.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', content }] })),
  )

/** One secret in about four kilobytes of text. */
function withSecrets(random: Random, text: string): string {
  if (random.next() > text.length / 4200) return text
  const at = text.indexOf(' ', random.below(text.length))
  return at < 0 ? `${text} ${secret(random)}` : `${text.slice(0, at)} ${secret(random)} ${text.slice(at + 1)}`
}
