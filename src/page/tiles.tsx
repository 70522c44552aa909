import { useState } from 'preact/hooks'
import type { Metrics, Panel, PanelName, Summary } from '../store/records.ts'
import { Chart } from './chart.tsx'
import { count, hourAndMinute, usd } from './format.ts'
import { isAlert, panelLooks } from './panels.ts'
import type { PanelLook } from './panels.ts'
import type { RangeName } from './route.ts'

interface TilesProps {
  readonly metrics: Metrics | undefined
  readonly summary: Summary | undefined
  readonly range: RangeName
}

/** The five metrics and the spend; a tile opens its chart in full. */
export function Tiles({ metrics, summary, range }: TilesProps) {
  const [open, setOpen] = useState<PanelName | null>(null)
  const look = panelLooks.find(({ name }) => name === open)
  return (
    <section aria-label="Key metrics">
      <div class="tiles">
        {panelLooks.map((one) => (
          <Tile
            key={one.name}
            look={one}
            metrics={metrics}
            summary={summary}
            range={range}
            isOpen={one.name === open}
            onToggle={() => setOpen(one.name === open ? null : one.name)}
          />
        ))}
      </div>
      {look !== undefined && metrics !== undefined && (
        <LargePanel look={look} metrics={metrics} panel={metrics.panels[look.name]} onClose={() => setOpen(null)} />
      )}
    </section>
  )
}

interface TileProps extends TilesProps {
  readonly look: PanelLook
  readonly isOpen: boolean
  readonly onToggle: () => void
}

function Tile({ look, metrics, summary, range, isOpen, onToggle }: TileProps) {
  const [step, setStep] = useState<number | null>(null)
  const panel = metrics?.panels[look.name]
  const alert = panel !== undefined && isAlert(look.name, panel, summary)
  const hovered = step === null ? null : (panel?.values[step] ?? null)
  const hoveredAt = step === null ? undefined : metrics?.timesMs[step]
  const value = hovered ?? (look.name === 'cost' ? (summary?.spendTodayUsd ?? null) : (panel?.current ?? null))
  return (
    <button
      type="button"
      class={alert ? 'tile tile-alert' : 'tile'}
      data-metric={panel?.metric}
      title={look.meaning}
      aria-expanded={isOpen}
      aria-controls="large-panel"
      onClick={onToggle}
    >
      <span class="tile-title">
        {look.name === 'cost' && hovered === null ? 'Spend today' : look.title}
        {alert && <span class="badge badge-red">alert</span>}
      </span>
      <span class="tile-value">{value === null ? <span class="nothing">–</span> : look.format(value)}</span>
      <span class="tile-note">
        {hoveredAt === undefined ? noteOf(look, panel, range) : `at ${hourAndMinute(hoveredAt)}`}
      </span>
      {panel !== undefined && metrics !== undefined ? (
        <Chart
          timesMs={metrics.timesMs}
          values={panel.values}
          threshold={panel.threshold}
          shape={look.shape}
          height={56}
          isAlert={alert}
          format={look.format}
          onHover={setStep}
        />
      ) : (
        <span class="chart" />
      )}
    </button>
  )
}

function noteOf(look: PanelLook, panel: Panel | undefined, range: RangeName): string {
  if (panel === undefined) return ''
  if (look.threshold !== undefined) return look.threshold
  if (look.name === 'cost') return `${usd(panel.current ?? 0)} in ${range}`
  const failed = panel.parts.reduce((sum, part) => sum + (part.failed ?? 0), 0)
  return look.name === 'tools' && failed > 0 ? `${count(failed)} failed in ${range}` : `in ${range}`
}

interface LargePanelProps {
  readonly look: PanelLook
  readonly metrics: Metrics
  readonly panel: Panel
  readonly onClose: () => void
}

function LargePanel({ look, metrics, panel, onClose }: LargePanelProps) {
  const most = Math.max(...panel.parts.map(({ value }) => value), Number.MIN_VALUE)
  return (
    <div class="large-panel" id="large-panel">
      <div class="large-panel-head">
        <h2>{look.title}</h2>
        <span class="muted">
          {look.meaning} · <code>{panel.metric}</code>
        </span>
        <button type="button" class="quiet" onClick={onClose} aria-label={`Close ${look.title}`}>
          Close
        </button>
      </div>
      <div class="large-panel-body">
        <Chart
          timesMs={metrics.timesMs}
          values={panel.values}
          threshold={panel.threshold}
          shape={look.shape}
          height={220}
          large
          format={look.format}
        />
        <div>
          <h3>{look.partsTitle}</h3>
          {panel.parts.length === 0 && <p class="muted">Nothing was reported in this range.</p>}
          <ul class="parts">
            {panel.parts.map(({ label, value, failed }) => (
              <li key={label}>
                <span class="part-label" title={label}>
                  {label === '' ? 'not named' : label}
                </span>
                <span class="part-value">
                  {look.format(value)}
                  {failed !== undefined && failed > 0 && <span class="red"> · {count(failed)} failed</span>}
                </span>
                <span class="part-bar" style={{ width: `${(100 * value) / most}%` }} />
              </li>
            ))}
          </ul>
        </div>
      </div>
    </div>
  )
}
