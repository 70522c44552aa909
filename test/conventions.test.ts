import { mkdtempSync, readFileSync, writeFileSync, cpSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as stable from '@opentelemetry/semantic-conventions'
import * as incubating from '@opentelemetry/semantic-conventions/incubating'
import { describe, expect, test } from 'vitest'
import { staleFiles } from '../conventions/generate.ts'
import { problemsOf, readRegistry } from '../conventions/registry.ts'
import { screaming } from '../conventions/render-code.ts'
import * as conventions from '../src/conventions.ts'

const folder = join(import.meta.dirname, '../conventions')

describe('the registry', () => {
  test('is sound: no name twice, every dialect maps to a name of today', () => {
    expect(problemsOf(readRegistry(folder))).toEqual([])
  })

  test('generated files are current', async () => {
    const stale = await staleFiles()
    expect(stale.map(({ path }) => path)).toEqual([])
  })

  test.each([
    [
      'attributes.yaml',
      'key: spanwarden.guard.rule',
      'key: spanwarden.cost.amount',
      'attribute spanwarden.cost.amount is defined twice',
    ],
    [
      'attributes.yaml',
      'key: spanwarden.guard.rule',
      'key: guard.rule',
      'own attribute guard.rule is outside spanwarden.',
    ],
    ['metrics.yaml', 'name: agent.cost', 'name: agent.requests', 'metric agent.requests is defined twice'],
    ['metrics.yaml', '30, 45, 60', '30, 45, 45', 'metric agent.request.latency: boundaries do not ascend'],
    [
      'dialects/openinference.yaml',
      'to: gen_ai.tool.name',
      'to: gen_ai.tool.nome',
      'OpenInference: tool.name maps to the unknown attribute gen_ai.tool.nome',
    ],
    [
      'dialects/openinference.yaml',
      'TOOL: execute_tool',
      'TOOL: run_tool',
      'OpenInference: gen_ai.operation.name has no value run_tool',
    ],
    [
      'dialects/anthropic-sdk.yaml',
      'from: anthropic.message.stop_reason',
      'from: gen_ai.system',
      'OpenTelemetry 1.36 to 1.41: gen_ai.system is mapped twice',
    ],
  ])('a mistake in %s is found: %s → %s', (file, good, bad, problem) => {
    const copy = mkdtempSync(join(tmpdir(), 'conventions-'))
    cpSync(folder, copy, { recursive: true })
    const text = readFileSync(join(copy, file), 'utf8')
    expect(text).toContain(good)
    writeFileSync(join(copy, file), text.replace(good, bad))
    expect(problemsOf(readRegistry(copy))).toContain(problem)
  })

  test('a key that no file knows is an error that names the file', () => {
    const copy = mkdtempSync(join(tmpdir(), 'conventions-'))
    cpSync(folder, copy, { recursive: true })
    writeFileSync(join(copy, 'attributes.yaml'), 'attributes:\n  - {key: spanwarden.x, typ: string, brief: x}\n')
    expect(() => readRegistry(copy)).toThrow(/attributes\.yaml/)
  })
})

describe('src/conventions.ts', () => {
  test('constants never collide', () => {
    const { attributes, events, metrics } = readRegistry(folder)
    const names = [
      ...attributes.flatMap(({ key, members }) => [
        `ATTR_${screaming(key)}`,
        ...members.map((member) => `${screaming(key)}_VALUE_${screaming(member)}`),
      ]),
      ...events.map(({ name }) => `EVENT_${screaming(name)}`),
      ...metrics.map(({ name }) => `METRIC_${screaming(name)}`),
    ]
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(Object.keys(conventions)).toEqual(expect.arrayContaining(names))
  })

  test('wire keys are unique and lead to their name of today', () => {
    const { WIRE_KEYS, CANONICAL_WIRE_IDS, CANONICAL_KEYS } = conventions
    expect(new Set(WIRE_KEYS).size).toBe(WIRE_KEYS.length)
    expect(CANONICAL_WIRE_IDS.length).toBe(WIRE_KEYS.length)
    for (const [index, key] of WIRE_KEYS.entries())
      expect(WIRE_KEYS[(CANONICAL_WIRE_IDS[index] ?? 0) - 1]).toBe(CANONICAL_KEYS[key] ?? key)
  })

  test('mapping is idempotent: no target is itself an old name or an old value', () => {
    const { CANONICAL_KEYS, CANONICAL_VALUES } = conventions
    for (const key of Object.values(CANONICAL_KEYS)) expect(CANONICAL_KEYS[key]).toBeUndefined()
    for (const map of Object.values(CANONICAL_VALUES))
      for (const value of Object.values(map)) expect(map[value] ?? value).toBe(value)
  })

  test('the alert threshold of 30 s is a bucket boundary of the request latency', () => {
    expect(conventions.METRICS[conventions.METRIC_AGENT_REQUEST_LATENCY]?.boundaries).toContain(30)
  })

  test('content is known under its old names too', () => {
    expect(conventions.CONTENT_KEYS).toEqual(
      expect.arrayContaining(['gen_ai.input.messages', 'gen_ai.prompt', 'input.value', 'ai.toolCall.args']),
    )
    expect(conventions.CONTENT_KEYS).not.toContain('gen_ai.request.model')
  })
})

describe('beside @opentelemetry/semantic-conventions', () => {
  const published: Readonly<Record<string, unknown>> = { ...incubating, ...stable }
  const upstream = Object.entries(conventions).filter(
    ([name, value]) => /^(ATTR|METRIC|EVENT)_/.test(name) && !/^(spanwarden|agent)\./.test(String(value)),
  )

  test('a constant of the same name has the same value', () => {
    const shared = upstream.filter(([name]) => name in published)
    expect(shared.length).toBeGreaterThan(80)
    expect(Object.fromEntries(shared)).toEqual(Object.fromEntries(shared.map(([name]) => [name, published[name]])))
  })

  // The GenAI conventions have no package since they left this one; what is newer comes from genai.yaml's source.
  test('what it does not have are GenAI names that are newer than it', () => {
    const newer = upstream.filter(([name]) => !(name in published)).map(([, value]) => String(value))
    expect(newer.filter((value) => !value.startsWith('gen_ai.'))).toEqual(['otel.metric.overflow'])
    expect(newer).toContain('gen_ai.usage.cache_write.input_tokens')
  })
})
