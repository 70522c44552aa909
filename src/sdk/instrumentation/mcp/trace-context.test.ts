import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import type { Context, Span } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { startTestSdk } from '../../../../test/support/instrumented.ts'
import { propagateAsThePreload } from '../../../../test/support/span-tree.ts'
import { ambientOf, withAmbient, withSpan } from '../../context.ts'
import { surroundingsOf, withTraceContext } from './trace-context.ts'
import type { Surroundings } from './trace-context.ts'

const { sdk } = startTestSdk()
propagateAsThePreload()

const running = (): { span: Span; within: Context } => {
  const span = sdk.tracer.startSpan('around', {}, ROOT_CONTEXT)
  return { span, within: withSpan(withAmbient(ROOT_CONTEXT, { agentName: 'early', conversationId: 'c1' }), span) }
}
const traceparent = (traceId: string): string => `00-${traceId}-${'b'.repeat(16)}-01`
const inside = (within: Context, meta: unknown): Surroundings => context.with(within, () => surroundingsOf(meta))
const seen = ({ parent, links }: Surroundings): unknown => ({
  parent: trace.getSpanContext(parent)?.spanId,
  agent: ambientOf(parent).agentName,
  links: links.map((link) => link.context.spanId),
})

describe('where a received message belongs', () => {
  test('without `_meta` below the active span, with all that is known there', () => {
    const { span, within } = running()
    expect(seen(inside(within, undefined))).toEqual({ parent: span.spanContext().spanId, agent: 'early', links: [] })
  })

  test('a span that has ended is a leftover of the pipe: neither parent nor link, and its agent is not running', () => {
    const { span, within } = running()
    span.end()
    expect(seen(inside(within, {}))).toEqual({ parent: undefined, agent: undefined, links: [] })
    expect(seen(inside(within, { traceparent: traceparent('a'.repeat(32)) }))).toEqual({
      parent: 'b'.repeat(16),
      agent: undefined,
      links: [],
    })
  })

  test('`_meta` names the parent; the active span is linked; the agent is the one of the same trace only', () => {
    const { span, within } = running()
    const { traceId, spanId } = span.spanContext()
    expect(seen(inside(within, { traceparent: traceparent('a'.repeat(32)) }))).toEqual({
      parent: 'b'.repeat(16),
      agent: undefined,
      links: [spanId],
    })
    expect(seen(inside(within, { traceparent: traceparent(traceId) }))).toEqual({
      parent: 'b'.repeat(16),
      agent: 'early',
      links: [spanId],
    })
    expect(seen(inside(within, { traceparent: `00-${traceId}-${spanId}-01` }))).toEqual({
      parent: spanId,
      agent: 'early',
      links: [],
    })
  })
})

describe('trace context of a message that is sent', () => {
  const { span, within } = running()
  const { traceId, spanId } = span.spanContext()
  const own = `00-${traceId}-${spanId}-01`

  test.each([
    ['no parameters', { method: 'ping' }, { method: 'ping', params: { _meta: { traceparent: own } } }],
    [
      'parameters',
      { method: 'tools/call', params: { name: 'x', _meta: { progressToken: 1 } } },
      { method: 'tools/call', params: { name: 'x', _meta: { traceparent: own, progressToken: 1 } } },
    ],
    [
      "the caller's own keys",
      { method: 'tools/call', params: { _meta: { traceparent: 'mine' } } },
      { method: 'tools/call', params: { _meta: { traceparent: 'mine' } } },
    ],
    [
      'a method of the application',
      { method: 'own/thing', params: { a: 1 } },
      { method: 'own/thing', params: { a: 1 } },
    ],
    [
      'a method of the application that knows `_meta`',
      { method: 'own/thing', params: { _meta: {} } },
      { method: 'own/thing', params: { _meta: { traceparent: own } } },
    ],
    ['parameters that are none', { method: 'ping', params: 7 }, { method: 'ping', params: 7 }],
  ])('%s', (_, message, sent) => {
    const before = structuredClone(message)
    expect(withTraceContext(message, within)).toEqual(sent)
    expect(message).toEqual(before)
  })
})
