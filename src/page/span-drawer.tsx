import { useEffect, useRef, useState } from 'preact/hooks'
import type { Attributes, Json, LogEntry, SpanDetail } from '../store/records.ts'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_SPANWARDEN_REDACTION_RULES,
} from '../conventions.ts'
import { ApiError, fetchSpan } from './api.ts'
import { count, duration, exactTime, timeOfDay, usd } from './format.ts'
import { readable, readInstructions, readMessages } from './messages.ts'
import type { Message } from './messages.ts'
import { RedactedText } from './redacted-text.tsx'

interface SpanDrawerProps {
  readonly traceId: string
  readonly spanId: string
  readonly onClose: () => void
}

/** Everything about one span. Escape closes it. */
export function SpanDrawer({ traceId, spanId, onClose }: SpanDrawerProps) {
  const [detail, setDetail] = useState<SpanDetail>()
  const [problem, setProblem] = useState('')
  const closing = useRef(onClose)
  closing.current = onClose

  useEffect(() => {
    fetchSpan(traceId, spanId).then(setDetail, (error: unknown) =>
      setProblem(
        error instanceof ApiError && error.status === 404
          ? 'This span is not in the store any more.'
          : 'The span could not be read.',
      ),
    )
  }, [traceId, spanId])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') closing.current()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])

  return (
    <aside class="drawer" aria-label="Span">
      <div class="drawer-head">
        <h2>{detail === undefined ? 'Span' : <RedactedText text={detail.span.name} />}</h2>
        <button type="button" class="quiet" onClick={onClose}>
          Close
        </button>
      </div>
      {detail === undefined ? (
        <p class="notice">{problem === '' ? 'Reading…' : problem}</p>
      ) : (
        <Detail detail={detail} />
      )}
    </aside>
  )
}

/** Attributes that have a section of their own. */
const shownApart: ReadonlySet<string> = new Set([
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
])

function Detail({ detail }: { readonly detail: SpanDetail }) {
  const { attributes, span } = detail
  const others = Object.entries(attributes).filter(([key]) => !shownApart.has(key))
  return (
    <>
      <SpanFacts detail={detail} />
      {span.failed && (
        <p class="failure">
          <strong>Failed</strong> {span.errorType !== '' && <code>{span.errorType}</code>}{' '}
          <RedactedText text={detail.statusMessage} />
        </p>
      )}
      <Redactions attributes={attributes} places={span.redactions} />
      <Content title="Instructions" value={attributes[ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]} read={readInstructions} />
      <Content title="Input" value={attributes[ATTR_GEN_AI_INPUT_MESSAGES]} read={readMessages} />
      <Content title="Output" value={attributes[ATTR_GEN_AI_OUTPUT_MESSAGES]} read={readMessages} />
      <Content title="Arguments" value={attributes[ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]} />
      <Content title="Result" value={attributes[ATTR_GEN_AI_TOOL_CALL_RESULT]} />
      <h3>Attributes</h3>
      <AttributeTable entries={others} />
      {detail.events.length > 0 && <h3>Events</h3>}
      {detail.events.map((event, i) => (
        <details key={i} class="event" open={detail.events.length === 1}>
          <summary>
            <code>{event.name}</code> <span class="muted">+{duration(event.timeMs - span.startMs)}</span>
          </summary>
          <AttributeTable entries={Object.entries(event.attributes)} />
        </details>
      ))}
      <Logs logs={detail.logs} startMs={span.startMs} />
      {detail.links.length > 0 && <h3>Links</h3>}
      {detail.links.map((link) => (
        <p key={link.spanId}>
          <a href={`#/runs/${link.traceId}/${link.spanId}`}>{link.traceId}</a>
        </p>
      ))}
      <details class="event">
        <summary>Resource and scope</summary>
        <AttributeTable entries={[...Object.entries(detail.resource), ['scope', detail.scope]]} />
      </details>
    </>
  )
}

function SpanFacts({ detail: { span, kind } }: { readonly detail: SpanDetail }) {
  const facts: (readonly [string, string, string?])[] = [
    ['Started', timeOfDay(span.startMs), exactTime(span.startMs)],
    ['Duration', duration(span.durationMs)],
    ['Kind', kind],
  ]
  if (span.inputTokens + span.outputTokens > 0) {
    facts.push(['Tokens in → out', `${count(span.inputTokens)} → ${count(span.outputTokens)}`])
  }
  if (span.costUsd !== null) facts.push(['Cost', usd(span.costUsd)])
  facts.push(['Span id', span.spanId])
  return (
    <dl class="facts">
      {facts.map(([term, value, title]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd title={title}>{term === 'Span id' ? <code>{value}</code> : value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Redactions({ attributes, places }: { readonly attributes: Attributes; readonly places: number }) {
  if (places === 0) return null
  const rules = attributes[ATTR_SPANWARDEN_REDACTION_RULES]
  return (
    <p class="redactions">
      <span class="mark">{count(places)}</span> {places === 1 ? 'place' : 'places'} redacted before anything was stored
      or sent
      {Array.isArray(rules) && rules.length > 0 && `: ${rules.join(', ')}`}
    </p>
  )
}

interface ContentProps {
  readonly title: string
  readonly value: Json | undefined
  readonly read?: (value: Json | undefined) => readonly Message[] | undefined
}

function Content({ title, value, read }: ContentProps) {
  if (value === undefined) return null
  const messages = read?.(value)
  return (
    <>
      <h3>{title}</h3>
      {messages === undefined ? (
        <pre class="text">
          <RedactedText text={readable(value)} />
        </pre>
      ) : (
        messages.map((message, i) => <MessageView key={i} message={message} />)
      )}
    </>
  )
}

const partWords: Readonly<Record<string, string>> = {
  tool_call: 'calls',
  tool_call_response: 'result',
  reasoning: 'reasoning',
}

function MessageView({ message: { role, finishReason, parts } }: { readonly message: Message }) {
  return (
    <div class={`message message-${role.replace(/[^a-z]/g, '')}`}>
      <div class="message-role">
        {role === '' ? 'message' : role}
        {finishReason !== '' && <span class="muted"> · finished: {finishReason}</span>}
      </div>
      {parts.map(({ type, name, text }, i) => (
        <div key={i} class="part">
          {type !== 'text' && (
            <div class="part-type">
              {partWords[type] ?? type} {name !== '' && <code>{name}</code>}
            </div>
          )}
          <pre class={type === 'text' || type === 'reasoning' ? 'prose' : 'text'}>
            <RedactedText text={text} />
          </pre>
        </div>
      ))}
    </div>
  )
}

function Logs({ logs, startMs }: { readonly logs: readonly LogEntry[]; readonly startMs: number }) {
  if (logs.length === 0) return null
  return (
    <>
      <h3>Logs</h3>
      {logs.map((log, i) => (
        <details key={i} class="event">
          <summary>
            <code>{log.eventName === '' ? severityOf(log.severity) : log.eventName}</code>{' '}
            <span class="muted">+{duration(Math.max(0, log.timeMs - startMs))}</span>
          </summary>
          {log.body !== null && (
            <pre class="text">
              <RedactedText text={readable(log.body)} />
            </pre>
          )}
          <AttributeTable entries={Object.entries(log.attributes)} />
        </details>
      ))}
    </>
  )
}

const severityOf = (severity: number): string =>
  ['log', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'][Math.ceil(severity / 4)] ?? 'log'

function AttributeTable({ entries }: { readonly entries: readonly (readonly [string, Json])[] }) {
  if (entries.length === 0) return <p class="muted">None</p>
  return (
    <table class="attributes">
      <tbody>
        {entries
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>
                <RedactedText text={readable(value)} />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  )
}
