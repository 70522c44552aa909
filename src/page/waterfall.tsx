import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { RunSpan, SpanRole } from '../store/records.ts'
import { count, duration, usd } from './format.ts'
import { extentOf, ticksOf, waterfallRows } from './waterfall-rows.ts'
import type { WaterfallRow } from './waterfall-rows.ts'

interface WaterfallProps {
  readonly spans: readonly RunSpan[]
  /** Parents end after their children, so missing ones are still to come. */
  readonly isRunning: boolean
  /** Span id; '' = none. */
  readonly selected: string
  readonly onSelect: (spanId: string) => void
}

const ROW_PX = 30
/** Rows beyond the visible ones that are drawn, so that scrolling shows no gap. Only rows in sight are in the document at all. */
const ROWS_BEYOND = 12
const DEPTH_SHOWN_MAX = 16

/** The spans of a run as a tree with a bar of time each. Arrow keys move, left and right close and open, Enter shows the span. */
export function Waterfall({ spans, isRunning, selected, onSelect }: WaterfallProps) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => waterfallRows(spans, collapsed), [spans, collapsed])
  const extent = useMemo(() => extentOf(spans), [spans])
  const [focused, setFocused] = useState(selected)
  const scroller = useRef<HTMLDivElement>(null)
  const { firstRow, lastRow, scrolls, onScroll } = useWindow(scroller, rows.length)
  const at = Math.max(
    0,
    rows.findIndex(({ span }) => span.spanId === focused),
  )

  useEffect(() => {
    if (selected !== '') setFocused(selected)
  }, [selected])
  useEffect(() => showRow(scroller.current, at), [at])

  const toggle = (row: WaterfallRow, close: boolean): void => {
    const next = new Set(collapsed)
    if (close) next.add(row.span.spanId)
    else next.delete(row.span.spanId)
    setCollapsed(next)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[at]
    if (row === undefined) return
    const isClosed = collapsed.has(row.span.spanId)
    const to = targetOf(event.key, rows, at, isClosed)
    if (to !== undefined) setFocused(rows[to]?.span.spanId ?? '')
    else if (event.key === 'ArrowRight' && isClosed) toggle(row, false)
    else if (event.key === 'ArrowLeft' && row.below > 0 && !isClosed) toggle(row, true)
    else if (event.key === 'Enter' || event.key === ' ') onSelect(row.span.spanId)
    else if (event.key === 'Escape') onSelect('')
    else return
    event.preventDefault()
  }

  return (
    <div class="waterfall">
      <div class={scrolls ? 'waterfall-head waterfall-head-beside' : 'waterfall-head'} aria-hidden="true">
        <span>Span</span>
        <Axis totalMs={extent.totalMs} />
        <span class="number">Duration</span>
        <span class="number">Tokens</span>
        <span class="number">Cost</span>
      </div>
      <div
        class="waterfall-body"
        id="waterfall"
        ref={scroller}
        role="tree"
        tabIndex={0}
        aria-label="Spans of this run"
        aria-activedescendant={`span-${rows[at]?.span.spanId ?? ''}`}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div class="waterfall-space" style={{ height: `${rows.length * ROW_PX}px` }} role="presentation">
          {rows.slice(firstRow, lastRow).map((row, i) => (
            <Row
              key={row.span.spanId}
              row={row}
              top={(firstRow + i) * ROW_PX}
              extent={extent}
              isSelected={row.span.spanId === selected}
              isFocused={firstRow + i === at}
              isClosed={collapsed.has(row.span.spanId)}
              isRunning={isRunning}
              onSelect={() => {
                setFocused(row.span.spanId)
                onSelect(row.span.spanId)
              }}
              onToggle={() => toggle(row, !collapsed.has(row.span.spanId))}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

/** Which rows are in sight. */
function useWindow(scroller: { readonly current: HTMLDivElement | null }, rowCount: number) {
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const firstRow = Math.max(0, Math.floor(top / ROW_PX) - ROWS_BEYOND)
  const lastRow = Math.min(rowCount, Math.ceil((top + height) / ROW_PX) + ROWS_BEYOND)
  const scrolls = rowCount * ROW_PX > height + 1
  return { firstRow, lastRow, scrolls, onScroll: () => setTop(scroller.current?.scrollTop ?? 0) }
}

function showRow(element: HTMLElement | null, row: number): void {
  if (element === null) return
  const top = row * ROW_PX
  if (top < element.scrollTop) element.scrollTop = top
  else if (top + ROW_PX > element.scrollTop + element.clientHeight) {
    element.scrollTop = top + ROW_PX - element.clientHeight
  }
}

function targetOf(key: string, rows: readonly WaterfallRow[], at: number, isClosed: boolean): number | undefined {
  const row = rows[at]
  if (key === 'ArrowDown') return Math.min(rows.length - 1, at + 1)
  if (key === 'ArrowUp') return Math.max(0, at - 1)
  if (key === 'PageDown') return Math.min(rows.length - 1, at + 15)
  if (key === 'PageUp') return Math.max(0, at - 15)
  if (key === 'Home') return 0
  if (key === 'End') return rows.length - 1
  if (row === undefined) return undefined
  if (key === 'ArrowRight' && !isClosed && row.below > 0) return at + 1
  if (key === 'ArrowLeft' && (isClosed || row.below === 0)) {
    const parent = rows.findLastIndex(({ depth }, i) => i < at && depth < row.depth)
    return parent < 0 ? at : parent
  }
  return undefined
}

function Axis({ totalMs }: { readonly totalMs: number }) {
  return (
    <span class="axis">
      {ticksOf(totalMs).map((ms) => (
        <span key={ms} class="tick" style={{ left: `${(100 * ms) / totalMs}%` }}>
          {ms === 0 ? '0' : duration(ms).replace(/\.0+ /, ' ')}
        </span>
      ))}
    </span>
  )
}

const roleWords: Readonly<Record<SpanRole, string>> = { agent: 'agent', model: 'model', tool: 'tool', other: '' }

interface RowProps {
  readonly row: WaterfallRow
  readonly top: number
  readonly extent: { readonly startMs: number; readonly totalMs: number }
  readonly isSelected: boolean
  readonly isFocused: boolean
  readonly isClosed: boolean
  readonly isRunning: boolean
  readonly onSelect: () => void
  readonly onToggle: () => void
}

function Row({ row, top, extent, isSelected, isFocused, isClosed, isRunning, onSelect, onToggle }: RowProps) {
  const { span, depth, below, isOrphan, position, siblings } = row
  const left = (100 * (span.startMs - extent.startMs)) / extent.totalMs
  const width = (100 * span.durationMs) / extent.totalMs
  const classes = ['row', isSelected && 'row-selected', isFocused && 'row-focused', span.failed && 'row-failed']
  const tokens = span.inputTokens + span.outputTokens > 0
  return (
    <div
      id={`span-${span.spanId}`}
      class={classes.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${top}px)` }}
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-selected={isSelected}
      {...(below > 0 ? { 'aria-expanded': !isClosed } : {})}
      aria-label={labelOf(span)}
      onClick={onSelect}
    >
      <span class="row-name" style={{ paddingLeft: `${Math.min(depth, DEPTH_SHOWN_MAX) * 16}px` }}>
        {below > 0 ? (
          <span
            class={isClosed ? 'caret caret-closed' : 'caret'}
            onClick={(event) => {
              event.stopPropagation()
              onToggle()
            }}
          />
        ) : (
          <span class="caret caret-none" />
        )}
        {span.role !== 'other' && <span class={`role role-${span.role}`}>{roleWords[span.role]}</span>}
        <span class="name" title={span.name}>
          {span.name === '' ? 'not named' : span.name}
        </span>
        {span.failed && !row.hasFailedChild && (
          <code class="red">{span.errorType === '' ? 'failed' : span.errorType}</code>
        )}
        {isOrphan && !isRunning && (
          <span class="muted" title="Its parent did not arrive">
            ⤷?
          </span>
        )}
        {isClosed && <span class="muted">+{count(below)}</span>}
        {span.redactions > 0 && (
          <span class="mark" title={`${span.redactions} places redacted`}>
            {count(span.redactions)}
          </span>
        )}
      </span>
      <span class="track">
        <span class={barClass(row)} style={{ left: `${left}%`, width: `${width}%` }} />
      </span>
      <span class="number">{duration(span.durationMs)}</span>
      <span class="number">
        {tokens && span.role === 'model' ? `${count(span.inputTokens)} → ${count(span.outputTokens)}` : ''}
      </span>
      <span class="number">{span.costUsd === null ? '' : usd(span.costUsd)}</span>
    </div>
  )
}

/** The span where a failure began stands out; those around it, which failed because of it, keep the colour of their role. */
function barClass({ span, hasFailedChild }: WaterfallRow): string {
  if (!span.failed) return `span-bar span-bar-${span.role}`
  return hasFailedChild ? `span-bar span-bar-${span.role} span-bar-cut` : 'span-bar span-bar-failed'
}

function labelOf(span: RunSpan): string {
  const parts = [roleWords[span.role], span.name, duration(span.durationMs)]
  if (span.failed) parts.push(`failed ${span.errorType}`)
  if (span.costUsd !== null) parts.push(usd(span.costUsd))
  if (span.redactions > 0) parts.push(`${span.redactions} redacted`)
  return parts.filter((part) => part !== '').join(', ')
}
