import { ATTR_SPANWARDEN_ORIGINAL_SPAN_NAME } from '../../conventions.ts'
import type { Edits } from '../../otlp/edits.ts'
import { viewKeyTable } from '../../otlp/key-table.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import { fieldId, messageSchema } from '../../otlp/schema.ts'
import { spanNodes } from '../../otlp/span-reader.ts'
import type { OtlpView } from '../../otlp/view.ts'
import { defineProcessor } from '../component.ts'
import { readContent } from './gen-ai-normalizer/attribute-value.ts'
import { TARGET_TYPES } from './gen-ai-normalizer/dialects.gen.ts'
import { normalizeSpan } from './gen-ai-normalizer/normalize-span.ts'
import { normalizerConfig, sourcesOf } from './gen-ai-normalizer/normalizer-config.ts'
import { ruleSetOf } from './gen-ai-normalizer/rule-set.ts'
import type { RuleSet } from './gen-ai-normalizer/rule-set.ts'
import type { SpanDraft } from './gen-ai-normalizer/span-draft.ts'
import { foldEvents } from './gen-ai-normalizer/span-events.ts'
import { spanNameOf } from './gen-ai-normalizer/span-name.ts'

/**
 * Gives spans of other libraries the names of the GenAI conventions. Put it before whatever reads these names: redaction, cost, connectors. A span without a name of
 * a dialect costs a look at its nodes.
 */
export const genAiNormalizer = defineProcessor({
  type: 'gen_ai_normalizer',
  aliases: ['genainormalizer'],
  summary:
    'Translates the attributes of OpenInference, OpenLLMetry, the AI SDK, Claude Code and other dialects, and of older conventions, to the GenAI conventions of October 2026.',
  signals: ['traces'],
  config: normalizerConfig,
  create(config, { id, metrics }) {
    const ruleSet = ruleSetOf(sourcesOf(config))
    const isForeign = foreignTest(ruleSet)
    const normalized = metrics.counter(
      'otelcol_processor_gen_ai_normalizer_spans',
      'Spans of a dialect that were given names of the GenAI conventions.',
      { processor: id },
    )
    return {
      process(view, edits) {
        let changed = 0
        for (const span of spanNodes(view)) {
          if (!isForeign(view, span)) continue
          if (normalize(view, edits, span, ruleSet, config.rename_spans)) changed++
        }
        if (changed > 0) normalized.add(changed)
      },
    }
  },
})

const SPAN_ATTRIBUTES = fieldId('Span', 'attributes')
const SPAN_NAME = fieldId('Span', 'name')
const ATTRIBUTES_NUMBER = messageSchema('Span').byJsonName.get('attributes')?.number ?? 0
const KEY_VALUE_VALUE = fieldId('KeyValue', 'value')

/** Whether a span has a name of a dialect. */
function foreignTest({ isForeign, ownKeys }: RuleSet): (view: OtlpView, span: number) => boolean {
  const lookUp = viewKeyTable(ownKeys)
  return (view, span) => {
    const bytes =
      ownKeys.length === 0 ? undefined : new DataView(view.bytes.buffer, view.bytes.byteOffset, view.bytes.length)
    for (let c = view.first(span), end = view.next(span); c < end; c = view.next(c)) {
      if (view.field(c) !== SPAN_ATTRIBUTES) continue
      const wire = view.keyId(c)
      if (isForeign[wire] === 1) return true
      if (wire !== 0 || bytes === undefined) continue
      const key = view.keyNode(c)
      if (key >= 0 && lookUp(bytes, view.body(key), view.end(key)) !== 0) return true
    }
    return false
  }
}

/** Whether something changed. */
function normalize(view: OtlpView, edits: Edits, span: number, ruleSet: RuleSet, renames: boolean): boolean {
  const nodes: number[] = []
  const keys: string[] = []
  let nameNode = -1
  for (let c = view.first(span), end = view.next(span); c < end; c = view.next(c)) {
    if (view.field(c) === SPAN_NAME) nameNode = c
    if (view.field(c) !== SPAN_ATTRIBUTES) continue
    const key = view.keyNode(c)
    if (key < 0) continue
    nodes.push(c)
    keys.push(view.text(key))
  }
  const draft = normalizeSpan({ keys, read: (index) => readContent(view, nodes[index] ?? -1) }, ruleSet)
  const events = ruleSet.foldsEvents ? foldEvents(view, span, draft) : []
  if (draft.isEmpty) return false
  if (renames && nameNode >= 0) renameSpan(view, edits, nameNode, draft)
  write(view, edits, span, nodes, draft)
  if (!ruleSet.keepsEvents) for (const event of events) edits.remove(event)
  return true
}

function renameSpan(view: OtlpView, edits: Edits, nameNode: number, draft: SpanDraft): void {
  const name = spanNameOf(draft)
  const original = view.text(nameNode)
  if (name === undefined || name === original || draft.has(ATTR_SPANWARDEN_ORIGINAL_SPAN_NAME)) return
  edits.replace(nameNode, name)
  draft.set(ATTR_SPANWARDEN_ORIGINAL_SPAN_NAME, original)
}

function write(view: OtlpView, edits: Edits, span: number, nodes: readonly number[], draft: SpanDraft): void {
  for (const [index, node] of nodes.entries()) {
    const to = draft.renamed.get(index)
    if (to !== undefined) edits.replace(view.keyNode(node), to)
    else if (draft.removed.has(index)) edits.remove(node)
  }
  for (const [to, index] of draft.copied) edits.append(span, copyOf(view, nodes[index] ?? -1, to))
  for (const [key, value] of draft.added) edits.appendAttribute(span, key, value, TARGET_TYPES[key] === 'double')
}

/** The attribute under another name. */
function copyOf(view: OtlpView, keyValue: number, to: string): Buffer {
  const value = view.child(keyValue, KEY_VALUE_VALUE)
  const bytes = value < 0 ? Buffer.alloc(0) : view.bytes.subarray(view.body(value), view.end(value))
  return new ProtobufWriter().message(ATTRIBUTES_NUMBER, (writer) => writer.string(1, to).bytes(2, bytes)).finish()
}
