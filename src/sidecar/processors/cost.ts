import * as z from 'zod'
import {
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_OPENAI_RESPONSE_SERVICE_TIER,
  ATTR_SPANWARDEN_COST_AMOUNT,
  ATTR_SPANWARDEN_COST_CURRENCY,
  ATTR_SPANWARDEN_COST_SOURCE,
  ATTR_SPANWARDEN_PRICE_TABLE_VERSION,
  ATTR_SPANWARDEN_SERVICE_TIER,
  ATTR_SPANWARDEN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
  ATTR_SPANWARDEN_USAGE_FILE_SEARCHES,
  ATTR_SPANWARDEN_USAGE_WEB_SEARCHES,
  CANONICAL_VALUES,
  SPANWARDEN_COST_CURRENCY_VALUE_USD,
  SPANWARDEN_COST_SOURCE_VALUE_SIDECAR,
  SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN,
} from '../../conventions.ts'
import type { Edits } from '../../otlp/edits.ts'
import { operationOf } from '../../otlp/genai-operation.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import { messageSchema } from '../../otlp/schema.ts'
import { SpanReader, spanNodes, wireId } from '../../otlp/span-reader.ts'
import { type CallPrice, createPriceOf, type PricedCall, type PriceOf } from '../../pricing/price-of.ts'
import { defineProcessor } from '../component.ts'
import { readPrices } from './cost/read-prices.ts'

const config = z.strictObject({
  prices_file: z
    .string()
    .default('')
    .describe(
      'File with prices that come before the built-in ones, read at start; `spanwarden prices --check` checks one. Empty: none.',
    ),
})

/**
 * Adds the cost to model spans that lack it. A cost that came with the span stands, under whatever name; that the SDK found none (`unknown`) does not:
 * the prices here may be newer. A model without a known price gets `unknown` and no amount (and is counted), never 0.
 */
export const cost = defineProcessor({
  type: 'cost',
  summary: 'Adds spanwarden.cost.* to spans of model calls that lack a cost; an amount only where the price is known.',
  signals: ['traces'],
  config,
  create({ prices_file: path }, { id, metrics, logger }) {
    const priceOf = createPriceOf(readPrices(path, logger))
    const labels = { processor: id }
    const priced = metrics.counter('otelcol_processor_cost_priced_spans', 'Model spans that were given a cost.', labels)
    const unknown = metrics.counter(
      'otelcol_processor_cost_unknown_model_spans',
      'Model spans with tokens whose model, tier or provider has no known price.',
      labels,
    )
    return {
      readsEdits: true,
      showsEdits: true,
      process(view, edits) {
        const reader = new SpanReader(view)
        for (const span of spanNodes(view)) {
          reader.readSpan(span)
          if (!lacksCost(reader)) continue
          const price = priceOfSpan(reader, priceOf)
          if (price === undefined) {
            unknown.add(1)
            if (reader.text(COST_SOURCE) !== SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN) addUnknown(edits, reader)
            continue
          }
          addCost(edits, reader, price)
          priced.add(1)
        }
      },
    }
  },
})

const PROVIDER = wireId(ATTR_GEN_AI_PROVIDER_NAME)
const REQUEST_MODEL = wireId(ATTR_GEN_AI_REQUEST_MODEL)
const RESPONSE_MODEL = wireId(ATTR_GEN_AI_RESPONSE_MODEL)
const INPUT = wireId(ATTR_GEN_AI_USAGE_INPUT_TOKENS)
const OUTPUT = wireId(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS)
const CACHE_READ = wireId(ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS)
const CACHE_WRITE = wireId(ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS)
const REASONING = wireId(ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS)
const SERVICE_TIER = wireId(ATTR_OPENAI_RESPONSE_SERVICE_TIER)
const OTHER_TIER = wireId(ATTR_SPANWARDEN_SERVICE_TIER)
const COST_AMOUNT = wireId(ATTR_SPANWARDEN_COST_AMOUNT)
const COST_SOURCE = wireId(ATTR_SPANWARDEN_COST_SOURCE)

/** Counts that few calls have, by their field. */
const OTHER_COUNTS = (
  [
    ['cacheWrite1hTokens', ATTR_SPANWARDEN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS],
    ['audioInputTokens', ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS],
    ['imageInputTokens', ATTR_GEN_AI_USAGE_IMAGE_INPUT_TOKENS],
    ['audioCacheReadTokens', ATTR_GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS],
    ['imageCacheReadTokens', ATTR_GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS],
    ['audioOutputTokens', ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS],
    ['imageOutputTokens', ATTR_GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS],
    ['webSearches', ATTR_SPANWARDEN_USAGE_WEB_SEARCHES],
    ['fileSearches', ATTR_SPANWARDEN_USAGE_FILE_SEARCHES],
  ] as const
).map(([field, key]) => ({ field, id: wireId(key) }))

const providerNames = new Map(Object.entries(CANONICAL_VALUES[ATTR_GEN_AI_PROVIDER_NAME] ?? {}))
const nameOfToday = (provider: string): string => providerNames.get(provider) ?? provider

function lacksCost(reader: SpanReader): boolean {
  const operation = operationOf(reader)
  if (operation !== 'inference' && operation !== 'embeddings') return false
  if (!reader.has(INPUT) && !reader.has(OUTPUT)) return false
  if (reader.has(COST_AMOUNT)) return false
  return !reader.view.appended(reader.span).some(({ key }) => key === ATTR_SPANWARDEN_COST_AMOUNT)
}

/** The model that answered is the one that is billed; a deployment's or a router's own name for it may have no price. */
function priceOfSpan(reader: SpanReader, priceOf: PriceOf): CallPrice | undefined {
  const provider = reader.text(PROVIDER)
  const call: PricedCall = {
    model: '',
    provider: provider === undefined ? undefined : nameOfToday(provider),
    inputTokens: reader.count(INPUT) ?? 0,
    outputTokens: reader.count(OUTPUT) ?? 0,
    cacheReadTokens: reader.count(CACHE_READ),
    cacheWriteTokens: reader.count(CACHE_WRITE),
    reasoningTokens: reader.count(REASONING),
    timestampMs: reader.startMs,
    serviceTier: reader.text(SERVICE_TIER) ?? reader.text(OTHER_TIER),
  }
  for (const { field, id } of OTHER_COUNTS) if (reader.has(id)) call[field] = reader.count(id)
  for (const model of [reader.text(RESPONSE_MODEL), reader.text(REQUEST_MODEL)]) {
    if (model === undefined) continue
    call.model = model
    const price = priceOf(call)
    if (price !== undefined) return price
  }
  return undefined
}

function addCost(edits: Edits, reader: SpanReader, { amount, tableVersion }: CallPrice): void {
  removeSource(edits, reader)
  let fields = costFields.get(tableVersion)
  if (fields === undefined) costFields.set(tableVersion, (fields = fieldsOf(tableVersion)))
  fields.writeDoubleLE(amount, AMOUNT_AT)
  edits.append(reader.span, fields, { key: ATTR_SPANWARDEN_COST_AMOUNT, value: amount })
}

function addUnknown(edits: Edits, reader: SpanReader): void {
  removeSource(edits, reader)
  edits.appendAttribute(reader.span, ATTR_SPANWARDEN_COST_SOURCE, SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN)
}

/** A source without an amount: the SDK's `unknown`. */
function removeSource(edits: Edits, reader: SpanReader): void {
  const node = reader.node(COST_SOURCE)
  if (node >= 0) edits.remove(node)
}

const SPAN_ATTRIBUTES = messageSchema('Span').byJsonName.get('attributes')?.number ?? 0
const amountField = (): ProtobufWriter =>
  new ProtobufWriter().keyValue(SPAN_ATTRIBUTES, ATTR_SPANWARDEN_COST_AMOUNT, 0, true)
/** The double is what an attribute ends with. */
const AMOUNT_AT = amountField().length - 8
const fieldsOf = (tableVersion: string): Buffer =>
  amountField()
    .keyValue(SPAN_ATTRIBUTES, ATTR_SPANWARDEN_COST_CURRENCY, SPANWARDEN_COST_CURRENCY_VALUE_USD)
    .keyValue(SPAN_ATTRIBUTES, ATTR_SPANWARDEN_COST_SOURCE, SPANWARDEN_COST_SOURCE_VALUE_SIDECAR)
    .keyValue(SPAN_ATTRIBUTES, ATTR_SPANWARDEN_PRICE_TABLE_VERSION, tableVersion)
    .finish()
/** Always the same bytes but for the amount, by version: that of the table, and one a configured file. */
const costFields = new Map<string, Buffer>()
