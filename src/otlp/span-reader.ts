import { CANONICAL_WIRE_IDS, WIRE_KEYS } from '../conventions.ts'
import { fieldId } from './schema.ts'
import { TextCache } from './text-cache.ts'
import type { OtlpView } from './view.ts'
import { NODE_FIELD, NODE_KEY, NODE_NEXT, NODE_SIZE } from './walk.ts'

const RESOURCE_SPANS = fieldId('ExportTraceServiceRequest', 'resourceSpans')
const SCOPE_SPANS = fieldId('ResourceSpans', 'scopeSpans')
const SPAN = fieldId('ScopeSpans', 'spans')
const TRACE_ID = fieldId('Span', 'traceId')
const SPAN_ID = fieldId('Span', 'spanId')
const PARENT_ID = fieldId('Span', 'parentSpanId')
const FLAGS = fieldId('Span', 'flags')
const KIND = fieldId('Span', 'kind')
const START = fieldId('Span', 'startTimeUnixNano')
const END = fieldId('Span', 'endTimeUnixNano')
const STATUS = fieldId('Span', 'status')
const STATUS_CODE = fieldId('Status', 'code')
const SPAN_ATTRIBUTES = fieldId('Span', 'attributes')
const RESOURCE_ATTRIBUTES = fieldId('Resource', 'attributes')

/** SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK of opentelemetry-proto: the parent lies in another process. */
const PARENT_IS_REMOTE = 0x200
const STATUS_ERROR = 2

/** More tokens than any call has, and few enough that a million of these is an exact number. */
const COUNT_MAX = 1e9

const STRING = fieldId('AnyValue', 'stringValue')
const texts = new TextCache()

/** By wire key id. */
const canonicalIds = Int16Array.from([0, ...CANONICAL_WIRE_IDS])

/** The wire key id of an attribute of today, to ask a reader for it. Read once at module level. Throws on a key that is not in conventions/. */
export function wireId(key: string): number {
  const id = WIRE_KEYS.indexOf(key) + 1
  if (id === 0) throw new Error(`conventions: no attribute ${key}`)
  return id
}

/** The Span nodes of a batch of traces (or of one part of it), in their order. */
export function* spanNodes(view: OtlpView, within = 0): Generator<number> {
  const end = within === 0 ? view.count : view.next(within)
  for (let n = within + 1; n < end;) {
    const field = view.field(n)
    if (field === SPAN) yield n
    n = field === RESOURCE_SPANS || field === SCOPE_SPANS ? n + 1 : view.next(n)
  }
}

/**
 * Reads one span (or resource) after the other: ids, times, status, and the attributes that conventions/ knows, whatever
 * dialect they are written in. A name of today wins over an old one on the same span. No string is made before it is asked for.
 */
export class SpanReader {
  readonly view: OtlpView
  /** Nodes of the span that was read last; -1 where it has none. */
  span = -1
  traceId = -1
  spanId = -1
  parentId = -1
  kind = 0
  isError = false
  parentIsRemote = false
  startMs = 0
  endMs = 0
  /** Per wire key id of today: the KeyValue node, valid while its stamp is the current one. */
  readonly #nodes = new Int32Array(WIRE_KEYS.length + 1)
  readonly #wireIds = new Int16Array(WIRE_KEYS.length + 1)
  readonly #stamps = new Uint32Array(WIRE_KEYS.length + 1)
  #stamp = 0

  constructor(view: OtlpView) {
    this.view = view
  }

  /** Reads a Span node. */
  readSpan(span: number): void {
    const { view } = this
    const { nodes } = view
    this.#reset(span)
    // The tape is read directly: this loop is a good part of what metrics and cost take.
    for (let c = view.first(span), end = view.next(span), next = c; c < end; c = next) {
      const at = c * NODE_SIZE
      const field = nodes[at + NODE_FIELD] as number
      next = nodes[at + NODE_NEXT] as number
      if (field === SPAN_ATTRIBUTES) this.#attribute(c, nodes[at + NODE_KEY] as number)
      else if (field === TRACE_ID) this.traceId = c
      else if (field === SPAN_ID) this.spanId = c
      else if (field === PARENT_ID) this.parentId = view.end(c) > view.body(c) ? c : -1
      else if (field === START) this.startMs = view.unixMs(c)
      else if (field === END) this.endMs = view.unixMs(c)
      else if (field === KIND) this.kind = view.varint(c)
      else if (field === FLAGS) this.parentIsRemote = (view.bytes.readUInt32LE(view.body(c)) & PARENT_IS_REMOTE) !== 0
      else if (field === STATUS) {
        const code = view.child(c, STATUS_CODE)
        this.isError = code >= 0 && view.varint(code) === STATUS_ERROR
      }
    }
  }

  /** Reads the attributes of a Resource node; -1 = a batch without one. */
  readResource(resource: number): void {
    const { view } = this
    this.#reset(resource)
    if (resource < 0) return
    for (let c = view.first(resource), end = view.next(resource); c < end; c = view.next(c)) {
      if (view.field(c) === RESOURCE_ATTRIBUTES) this.#attribute(c, view.keyId(c))
    }
  }

  /** KeyValue node of an attribute, by the wire key id of its name of today; -1 when the span lacks it. */
  node(id: number): number {
    return this.#stamps[id] === this.#stamp ? (this.#nodes[id] as number) : -1
  }

  has(id: number): boolean {
    return this.#stamps[id] === this.#stamp
  }

  /** A string attribute; undefined when it is absent, empty or not a string. */
  text(id: number): string | undefined {
    const node = this.node(id)
    if (node < 0) return undefined
    const { view } = this
    const value = view.valueNode(node)
    if (value < 0 || view.field(value) !== STRING) return undefined
    if (view.isEdited(value)) return view.text(value) || undefined
    return texts.text(view.bytes, view.body(value), view.end(value)) || undefined
  }

  /** A numeric attribute, int or double on the wire, or a number in a string, as some write it. */
  number(id: number): number | undefined {
    const node = this.node(id)
    if (node < 0) return undefined
    const value = this.view.numberValue(node)
    if (value !== undefined) return Number.isFinite(value) ? value : undefined
    const text = this.view.stringValue(node)
    return text !== undefined && /^\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : undefined
  }

  /** A number of things; undefined when it is no such number (negative, huge), so that one span cannot spoil a sum. */
  count(id: number): number | undefined {
    const value = this.number(id)
    return value !== undefined && value >= 0 && value <= COUNT_MAX ? value : undefined
  }

  #reset(span: number): void {
    this.#stamp += 1
    this.span = span
    this.traceId = -1
    this.spanId = -1
    this.parentId = -1
    this.kind = 0
    this.isError = false
    this.parentIsRemote = false
    this.startMs = 0
    this.endMs = 0
  }

  #attribute(node: number, wire: number): void {
    if (wire === 0) return
    const id = canonicalIds[wire] as number
    if (this.#stamps[id] === this.#stamp && (this.#wireIds[id] as number) < wire) return
    this.#stamps[id] = this.#stamp
    this.#wireIds[id] = wire
    this.#nodes[id] = node
  }
}
