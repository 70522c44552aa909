import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Run, RunDetail } from '../store/records.ts'
import { ApiError, fetchRun } from './api.ts'
import type { Subscribe } from './app.tsx'
import { count, dayOfMonth, duration, exactTime, timeOfDay } from './format.ts'
import { costOf } from './run-list.tsx'
import { SpanDrawer } from './span-drawer.tsx'
import { GuardMarks, Status } from './status.tsx'
import { Waterfall } from './waterfall.tsx'

interface RunViewProps {
  readonly traceId: string
  readonly spanId: string
  readonly subscribe: Subscribe
}

/** One run as a waterfall, with the drawer of the span that is selected. */
export function RunView({ traceId, spanId, subscribe }: RunViewProps) {
  const [detail, setDetail] = useState<RunDetail>()
  const [problem, setProblem] = useState('')

  /** One read at a time: a long run that is under way changes faster than it can be read. */
  const reading = useRef({ isOn: false, again: false })
  const load = useCallback(async () => {
    const state = reading.current
    state.again = true
    if (state.isOn) return
    state.isOn = true
    while (state.again) {
      state.again = false
      try {
        setDetail(await fetchRun(traceId))
        setProblem('')
      } catch (error) {
        setProblem(problemOf(error))
      }
    }
    state.isOn = false
  }, [traceId])
  useEffect(() => void load(), [load])
  useEffect(
    () => subscribe((change) => (change?.runs.some((run) => run.traceId === traceId) ?? true) && void load()),
    [subscribe, load, traceId],
  )

  const select = (id: string): void => {
    // Moving through spans is no browsing: Back leads to the list.
    history.replaceState(null, '', `#/runs/${traceId}${id === '' ? '' : `/${id}`}`)
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
  const close = (): void => {
    select('')
    document.getElementById('waterfall')?.focus()
  }

  if (detail === undefined) {
    return (
      <>
        <BackLink />
        <p class="notice">{problem === '' ? 'Reading…' : problem}</p>
      </>
    )
  }
  const hasSpan = detail.spans.some((span) => span.spanId === spanId)
  return (
    <>
      <BackLink />
      <RunHead run={detail.run} shown={detail.spans.length} />
      <div class={hasSpan ? 'run-body with-drawer' : 'run-body'}>
        <Waterfall
          spans={detail.spans}
          isRunning={detail.run.status === 'running'}
          selected={spanId}
          onSelect={select}
        />
        {hasSpan && <SpanDrawer key={spanId} traceId={traceId} spanId={spanId} onClose={close} />}
      </div>
    </>
  )
}

const problemOf = (error: unknown): string =>
  error instanceof ApiError && error.status === 404
    ? 'Nothing of this run is here yet: of a run that is under way, each step appears when it has ended. If it is over, it is older than what is kept, or was never sent to this sidecar.'
    : 'The run could not be read. It is read again as soon as the sidecar answers.'

const BackLink = () => (
  <a class="back" href="#/">
    ← All runs
  </a>
)

function RunHead({ run, shown }: { readonly run: Run; readonly shown: number }) {
  const facts: readonly (readonly [string, string, string?])[] = [
    ['Started', `${dayOfMonth(run.startMs)} ${timeOfDay(run.startMs)}`, exactTime(run.startMs)],
    ['Duration', duration(run.durationMs)],
    ['Model calls', count(run.modelCalls)],
    [
      'Tool calls',
      run.toolErrors > 0 ? `${count(run.toolCalls)}, ${count(run.toolErrors)} failed` : count(run.toolCalls),
    ],
    ['Tokens in → out', `${count(run.inputTokens)} → ${count(run.outputTokens)}`],
    ['Cost', costOf(run)],
    ['Redacted', `${count(run.redactions)} ${run.redactions === 1 ? 'place' : 'places'}`],
  ]
  return (
    <div class="run-head">
      <h1>
        {run.agent === '' ? 'not named' : run.agent} <Status status={run.status} errorType={run.errorType} />{' '}
        <GuardMarks run={run} />
      </h1>
      <dl class="facts">
        {facts.map(([term, value, title]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd title={title}>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="ids muted">
        Trace <code>{run.traceId}</code>
        {run.service !== '' && (
          <>
            {' '}
            · service <code>{run.service}</code>
          </>
        )}
        {run.conversationId !== '' && (
          <>
            {' '}
            · conversation <code>{run.conversationId}</code>
          </>
        )}
      </p>
      {run.status === 'running' && <p class="notice">Still running. Spans appear as they end.</p>}
      {run.spansDropped > 0 && (
        <p class="notice">
          {count(run.spansDropped)} more spans came and were not kept: a run is limited to what one waterfall can show.
          The sums above are those of the {count(run.spans)} spans that were kept.
        </p>
      )}
      {run.spans > shown && (
        <p class="notice">
          The first {count(shown)} of {count(run.spans)} spans are shown.
        </p>
      )}
    </div>
  )
}
