import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFromAgent } from './from-agent.ts'
import { readFromSidecar } from './from-sidecar.ts'
import type { FromAgent, FromSidecar } from './guard-messages.ts'
import { ProtocolError } from './message-fields.ts'

const scopes = { agent: 'support', tenant: 't', session: 's', run: '0af7651916cd43dd8448eb211c80319c' }

const fromAgent: readonly FromAgent[] = [
  {
    type: 'hello',
    protocol: 1,
    process: 'p',
    pid: 1,
    startedAt: 1.5,
    agent: 'a',
    version: '1',
    proof: 7,
    token: 'x',
  },
  { type: 'renew', inFlight: 3, ended: 2, failed: 1, unseen: 4 },
  { type: 'hold', id: 'h', amount: 5, scopes, slice: true, model: 'm', trace: 't', span: 's', waitMs: 10 },
  { type: 'spend', id: 'h', step: 1, amount: 2 },
  { type: 'settle', id: 'h', spent: 2, unknown: 1 },
  { type: 'violation', model: 'm', excess: 1, scopes },
  { type: 'admit', id: 'c', tool: 'post', class: 'post', scopes, summary: '{text: string}', argumentsHmac: 'ab' },
  { type: 'outcome', id: 'c', result: 'ok', durationMs: 1.5, notExecuted: false },
  { type: 'loop', scopes, level: 'stop', rule: 'r', tool: 'post', goesOn: true },
  { type: 'stopping', id: 's', underWay: 1 },
  { type: 'activity', id: 'r', scopes, ageMs: 0.5, nanoUsd: 1, toolCalls: 2, depth: 3 },
  { type: 'hold', id: 'l', amount: 5, least: 2, scopes },
  { type: 'stopped', id: 's', aborted: 2 },
  { type: 'remembered', id: 'r', calls: ['c'], forgotten: 1 },
  { type: 'undone', id: 'u', call: 'c', result: 'failed', error: 'TypeError' },
  { type: 'recipe', tool: 'post', recipe: 'delete it' },
]
const fromSidecar: readonly FromSidecar[] = [
  {
    type: 'welcome',
    protocol: 1,
    mode: 'enforce',
    leaseMs: 15_000,
    epoch: 'e',
    rules: {
      hasBudgets: true,
      sliceMin: 1,
      budgetScopes: ['run'],
      tools: { post: 'post' },
      askTools: ['*'],
      askClasses: ['pay'],
      unknownModel: 'deny',
      outputTokensDefault: 8192,
      loops: true,
      auditClasses: ['exec'],
      polling: ['status'],
      pollingMs: 60_000,
      velocity: true,
      onInsufficient: 'clamp',
      retries: { mode: 'govern', attemptsMax: 4 },
      supervised: { tools: ['deploy'], classes: ['post'] },
    },
    stops: [{ scope: 'fleet', value: 'fleet', reason: 'a person' }],
  },
  { type: 'lease' },
  { type: 'mark', run: 'r', level: 'warn', rule: 'tool_calls' },
  { type: 'answer', id: 'h', isGranted: false, code: 'BUDGET_HELD', rule: 'daily', message: 'm', retryAfterMs: 1 },
  { type: 'stop', id: 's', scope: 'model', value: 'm', reason: 'r' },
  { type: 'resume', scope: 'agent', value: 'a' },
  { type: 'refusal', message: 'm' },
  { type: 'remembers', id: 'r', calls: ['c'] },
  { type: 'undo', id: 'u', call: 'c' },
]

describe.each([
  ['an agent', fromAgent, readFromAgent as (value: unknown) => object],
  ['a sidecar', fromSidecar, readFromSidecar as (value: unknown) => object],
])('messages of %s', (_, messages, read) => {
  test('are read as they are', () => {
    for (const message of messages) expect(read(JSON.parse(JSON.stringify(message)))).toEqual(message)
  })

  test('what nobody knows is left out', () => {
    for (const message of messages) expect(read({ ...message, prompt: 'secret' })).toEqual(message)
  })

  test('every field that is needed is missed, and no wrong one is taken', () => {
    for (const message of messages) {
      for (const key of Object.keys(message)) {
        expect(() => read({ ...message, [key]: Symbol() })).toThrow(ProtocolError)
        expect(() => read({ ...message, [key]: 'x'.repeat(3000) })).toThrow(ProtocolError)
      }
    }
  })

  test('hostile values end in a ProtocolError that quotes nothing', () => {
    const place = fc.constantFrom(...messages.flatMap((one) => Object.keys(one).map((key) => [one, key] as const)))
    fc.assert(
      fc.property(place, fc.jsonValue(), ([message, key], value) => {
        expect(failureOf(() => read({ ...message, [key]: value }))).toMatch(
          /^(|ProtocolError: ([\w.]+ is missing or wrong|the type of a message is not known))$/,
        )
      }),
    )
    for (const value of [null, 1, 'x', [], {}, { type: '__proto__' }, { type: 'constructor' }])
      expect(() => read(value)).toThrow(ProtocolError)
  })
})

test('amounts are exact and not negative', () => {
  for (const amount of [-1, 0.5, 2 ** 53, Number.NaN, '1'])
    expect(() => readFromAgent({ type: 'hold', id: 'h', amount, scopes })).toThrow('amount is missing or wrong')
})

function failureOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return String(error)
  }
}
