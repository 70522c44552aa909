import { ATTR_GEN_AI_OPERATION_NAME, ATTR_GEN_AI_REQUEST_MODEL, ATTR_GEN_AI_TOOL_NAME } from '../../src/conventions.ts'
import { otlpTypes } from '../support/otlp-reflection.ts'

/*
 * What the pipeline is measured against: decode with protobufjs, one regular expression for each rule over every string, metrics in maps, encode. The same
 * rules as src/redaction with the same checks; nothing is done badly on purpose.
 */
interface AnyValue {
  stringValue?: string
  arrayValue?: { values: AnyValue[] }
  kvlistValue?: { values: KeyValue[] }
  intValue?: { toNumber(): number } | number
}
interface KeyValue {
  key: string
  value: AnyValue | null
}
interface Span {
  name: string
  attributes: KeyValue[]
  events: { name: string; attributes: KeyValue[] }[]
  links: { traceState: string; attributes: KeyValue[] }[]
  status: { message: string; code: number } | null
  traceState: string
  startTimeUnixNano: { toNumber(): number }
  endTimeUnixNano: { toNumber(): number }
}
interface Request {
  resourceSpans: {
    resource: { attributes: KeyValue[] } | null
    scopeSpans: { scope: { name: string } | null; spans: Span[] }[]
  }[]
}

interface RegexRule {
  readonly type: string
  /** Whether the rule can match at all: a literal, or a cheap expression. */
  readonly guard: (text: string) => boolean
  readonly pattern: RegExp
  readonly check?: (match: string) => boolean
}

const has =
  (...literals: string[]) =>
  (text: string): boolean =>
    literals.some((literal) => text.includes(literal))
const like =
  (pattern: RegExp) =>
  (text: string): boolean =>
    pattern.test(text)

const rules: readonly RegexRule[] = [
  {
    type: 'PRIVATE_KEY',
    guard: has('-----BEGIN'),
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----[\s\S]{0,16384}?-----END [A-Z ]{0,50}-----/g,
  },
  { type: 'ANTHROPIC_KEY', guard: has('sk-ant-'), pattern: /\bsk-ant-[\w-]{20,}/g },
  { type: 'OPENAI_KEY', guard: has('sk-'), pattern: /\bsk-(?!ant-)[\w-]{20,}/g },
  { type: 'AWS_ACCESS_KEY', guard: has('AKIA', 'ASIA'), pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    type: 'AWS_SECRET_KEY',
    guard: like(/secret/i),
    pattern: /secret[\w -]{0,12}key["'\s:=>,\\]{1,16}[A-Za-z0-9/+]{40}\b/gi,
  },
  {
    type: 'GITHUB_TOKEN',
    guard: has('gh', 'github_pat_'),
    pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{22,}|github_pat_\w{22,})/g,
  },
  { type: 'SLACK_TOKEN', guard: has('xox', 'xapp-'), pattern: /\b(?:xox[a-z]|xapp)-[\w-]{10,}/g },
  { type: 'GOOGLE_API_KEY', guard: has('AIza'), pattern: /\bAIza[\w-]{35}/g },
  { type: 'STRIPE_KEY', guard: has('k_live_', 'k_test_'), pattern: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}/g },
  { type: 'JWT', guard: has('eyJ'), pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g },
  { type: 'BEARER_TOKEN', guard: like(/bearer /i), pattern: /\bbearer +[A-Za-z0-9._~+/=-]{16,}/gi },
  { type: 'URL_CREDENTIALS', guard: has('://'), pattern: /:\/\/[^\s"'/?#@:]{0,100}:[^\s"'/?#@]{1,200}@/g },
  {
    type: 'CREDIT_CARD',
    guard: like(/\d{4}/),
    pattern: /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])/g,
    check: (match) => isLuhn(match.replaceAll(/\D/g, '')),
  },
  {
    type: 'IBAN',
    guard: like(/[A-Za-z]{2}\d\d/),
    pattern: /\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b/g,
    check: isIban,
  },
  {
    type: 'US_SSN',
    guard: like(/\d{3}-\d\d-/),
    pattern: /(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g,
  },
  {
    type: 'EMAIL',
    guard: has('@'),
    pattern: /[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}\b/g,
  },
  { type: 'PHONE', guard: has('+'), pattern: /(?<!\w)\+[1-9](?:[ ().-]{0,3}\d){7,14}(?!\w)/g },
  {
    type: 'PHONE',
    guard: like(/\d{3}[-.]\d{4}/),
    pattern: /(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}(?![\w-])/g,
  },
  {
    type: 'IP_ADDRESS',
    guard: like(/\d\.\d/),
    pattern: /(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.-])/g,
  },
  {
    type: 'IP_ADDRESS',
    guard: has('::', ':'),
    pattern:
      /(?<![\w:])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:])|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}(?![\w:])/g,
  },
  { type: 'MAC_ADDRESS', guard: has(':', '-'), pattern: /\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b/g },
]

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const weighted = i % 2 === 1 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
}

function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '').toUpperCase()
  let rest = 0
  for (const char of plain.slice(4) + plain.slice(0, 4)) rest = Number(`${rest}${Number.parseInt(char, 36)}`) % 97
  return rest === 1
}

/** One run of the whole design over a batch; with `guarded` a rule runs only where it can match. */
export class ObjectDesign {
  readonly #guarded: boolean
  readonly hits = new Map<string, number>()
  readonly series = new Map<string, { count: number; sum: number; buckets: number[] }>()

  constructor(guarded: boolean) {
    this.#guarded = guarded
  }

  process(bytes: Uint8Array): Uint8Array {
    const message = otlpTypes.traces.decode(bytes)
    for (const { resource, scopeSpans } of (message as unknown as Request).resourceSpans) {
      if (resource !== null) this.#attributes(resource.attributes)
      for (const { spans } of scopeSpans) for (const span of spans) this.#span(span)
    }
    return otlpTypes.traces.encode(message).finish()
  }

  #span(span: Span): void {
    span.name = this.#text(span.name)
    span.traceState = this.#text(span.traceState)
    this.#attributes(span.attributes)
    for (const event of span.events) {
      event.name = this.#text(event.name)
      this.#attributes(event.attributes)
    }
    for (const link of span.links) this.#attributes(link.attributes)
    if (span.status !== null) span.status.message = this.#text(span.status.message)
    this.#measure(span)
  }

  #attributes(attributes: KeyValue[]): void {
    for (const attribute of attributes) {
      attribute.key = this.#text(attribute.key)
      if (attribute.value !== null) this.#value(attribute.value)
    }
  }

  #value(value: AnyValue): void {
    if (value.stringValue) value.stringValue = this.#text(value.stringValue)
    else if (value.arrayValue) for (const element of value.arrayValue.values) this.#value(element)
    else if (value.kvlistValue) this.#attributes(value.kvlistValue.values)
  }

  #text(text: string): string {
    let result = text
    for (const { type, guard, pattern, check } of rules) {
      if (this.#guarded && !guard(result)) continue
      result = result.replace(pattern, (match) => {
        if (check !== undefined && !check(match)) return match
        this.hits.set(type, (this.hits.get(type) ?? 0) + 1)
        return `[REDACTED:${type}]`
      })
    }
    return result
  }

  #measure({ attributes, startTimeUnixNano, endTimeUnixNano, status }: Span): void {
    const text = (name: string): string => attributes.find(({ key }) => key === name)?.value?.stringValue ?? ''
    const number = (name: string): number => {
      const value = attributes.find(({ key }) => key === name)?.value?.intValue ?? 0
      return typeof value === 'number' ? value : value.toNumber()
    }
    const operation = text(ATTR_GEN_AI_OPERATION_NAME)
    const labels = `${operation}|${text(ATTR_GEN_AI_REQUEST_MODEL)}|${text(ATTR_GEN_AI_TOOL_NAME)}|${status?.code ?? 0}`
    const seconds = (endTimeUnixNano.toNumber() - startTimeUnixNano.toNumber()) / 1e9
    this.#record(`duration|${labels}`, seconds)
    this.#record(`calls|${labels}`, 1)
    for (const kind of ['input_tokens', 'output_tokens'])
      this.#record(`${kind}|${labels}`, number(`gen_ai.usage.${kind}`))
  }

  #record(name: string, value: number): void {
    let series = this.series.get(name)
    if (series === undefined)
      this.series.set(name, (series = { count: 0, sum: 0, buckets: Array.from({ length: 16 }, () => 0) }))
    series.count++
    series.sum += value
    const bucket = BOUNDS.findIndex((bound) => value <= bound)
    series.buckets[bucket < 0 ? BOUNDS.length : bucket] = (series.buckets[bucket < 0 ? BOUNDS.length : bucket] ?? 0) + 1
  }
}

const BOUNDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]
