import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readExchanges } from '../../test/support/recordings.ts'
import { describeWithData, sharedData } from '../../test/support/shared-data.ts'
import { priceBoundOf } from '../pricing/price-bound.ts'
import { priceOf } from '../pricing/price-of.ts'
import { callBound } from './call-bound.ts'
import { readModelRequest } from './call-bound/model-request.ts'
import type { CallBoundOptions } from './call-bound.ts'
import type { Recorded } from '../../test/support/recordings.ts'

const PROVIDERS: Readonly<Record<string, string>> = {
  'azure-openai': 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  vertex: 'gcp.vertex_ai',
  xai: 'x_ai',
}
const NOW = Date.UTC(2026, 10, 21, 12)

/** What a person configures for calls whose bound is not in the request. */
const CONFIGURED: CallBoundOptions = {
  priceBoundOf,
  atMs: NOW,
  inputTokensMax: () => 1_050_000,
  serverTools: {
    web_search: { usesMax: 5, nanoUsdPerUse: 10_000_000 },
    google_search: { usesMax: 1, nanoUsdPerUse: 35_000_000 },
    code_execution: { usesMax: 5, nanoUsdPerUse: 0 },
    tool_search: { usesMax: 5 },
    tool_search_tool_bm25: { usesMax: 5 },
  },
}

/** What the recorded call cost, without searches: their number is not in `expected`. */
function actualOf({ folder, exchange: { request, expected } }: Recorded): number | undefined {
  const provider = PROVIDERS[folder] ?? folder
  const { inputTokensWithCache, outputTokensWithReasoning } = expected.totals ?? {}
  if (typeof inputTokensWithCache !== 'number') return undefined
  const usage = {
    inputTokens: inputTokensWithCache,
    outputTokens: outputTokensWithReasoning ?? 0,
    cacheReadTokens: expected.cachedInputTokens ?? 0,
    cacheWriteTokens: expected.cacheCreationInputTokens ?? 0,
  }
  const asked = readModelRequest({ path: new URL(request.url).pathname, provider }, request.body)?.models ?? []
  for (const model of [expected.responseModel, expected.model, ...asked]) {
    const price = model ? priceOf({ ...usage, provider, model, timestampMs: NOW }) : undefined
    if (price !== undefined) return price.nanoAmount
  }
  return undefined
}

const isReconstructed = ({ exchange: { request } }: Recorded): boolean =>
  'reconstructed' in request && request.reconstructed === true

describeWithData('recordings', () => {
  const folders = readdirSync(sharedData('recordings'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['LICENSES', 'mcp', 'synthetic'].includes(entry.name))
    .map(({ name }) => name)
  const all = readExchanges(folders)
  const recorded = all.filter((one) => one.exchange.response.status < 300 && !isReconstructed(one))

  test('no recorded call cost more than its bound, and few have none', () => {
    const above: unknown[] = []
    const denied: Record<string, string[]> = {}
    const slack: number[] = []
    const inputSlack: number[] = []
    for (const one of recorded) {
      const { meta, request: sent, expected } = one.exchange
      const target = { path: new URL(sent.url).pathname, provider: PROVIDERS[one.folder] ?? one.folder }
      const actual = actualOf(one)
      if (actual === undefined) continue
      const bound = callBound(readModelRequest(target, sent.body), CONFIGURED)
      if (!bound.isKnown) {
        denied[bound.reason] = [...(denied[bound.reason] ?? []), meta.id]
        continue
      }
      const { inputTokensWithCache: input, outputTokensWithReasoning: output } = expected.totals ?? {}
      if (actual > bound.nanoUsd || (input ?? 0) > bound.inputTokens || (output ?? 0) > bound.outputTokens)
        above.push({ id: meta.id, actual, bound, input, output })
      if (actual > 0) slack.push(bound.nanoUsd / actual)
      if (input) inputSlack.push(bound.inputTokens / input)
    }
    console.info(`recorded calls: bounds over what they cost ${shareOf(slack)}; input tokens ${shareOf(inputSlack)}`)
    expect(above).toEqual([])
    expect(slack.length).toBeGreaterThan(250)
    expect(denied).toEqual(DENIED)
  })
})

function shareOf(ratios: number[]): string {
  ratios.sort((a, b) => a - b)
  const at = (share: number): string => `${(ratios[Math.floor(ratios.length * share)] ?? 0).toFixed(1)}x`
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  return `(${ratios.length}): mean ${mean.toFixed(1)}x, median ${at(0.5)}, quartiles ${at(0.25)} and ${at(0.75)}`
}

/** Calls whose cost is known afterwards and could not be bounded before: denied. */
const DENIED = {
  // A model that asks another one; Nova's own grounding.
  server_tools: [
    'anthropic/messages-stream-reasoning-srvtool-claude-sonnet-5-0bfca3',
    'bedrock/converse-stream-ptools-us.amazon.nova-2-lite-v1-0-10b54b',
  ],
  // A deployment of Azure under a name of its own.
  price: ['azure-openai/chat-stream-text-gpt-5.2-2025-12-11-013ce4'],
  // A prompt that is stored at the provider, with its model.
  request: ['openai/responses-plain-img-reasoning-o4-mini-2025-04-16-f0b6b9'],
}
