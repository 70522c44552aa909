import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** A panel as the dashboards of this folder say it. */
export interface Panel {
  readonly title: string
  /** What it shows, and what to think of it. */
  readonly description?: string
  /** `stat` is the newest value, big; `lines` and `areas` (stacked) are over time. */
  readonly kind: 'stat' | 'lines' | 'areas'
  /** Of Grafana: `s`, `percentunit`, `currencyUSD`, `short`, … */
  readonly unit: string
  /** Of 24 columns. */
  readonly width: number
  /** Where it becomes yellow or red. */
  readonly thresholds?: readonly { readonly above: number; readonly color: 'yellow' | 'red' | 'green' }[]
  readonly queries: readonly Query[]
}

export interface Query {
  readonly expr: string
  readonly legend?: string
  /** Links points to the traces behind them. */
  readonly exemplars?: boolean
}

/** Chosen on top of every dashboard. */
export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' } as const

/** Of legends that are a result and nothing else. */
const RESULT_COLORS = [
  ['ok', 'green'],
  ['error', 'red'],
  ['denied', 'purple'],
] as const

const STAT_ROWS = 4
const CHART_ROWS = 8

export function panelBuilder(panel: Panel): StatBuilder | TimeseriesBuilder {
  const builder = panel.kind === 'stat' ? stat() : chart(panel)
  builder.title(panel.title).datasource(DATA_SOURCE).unit(panel.unit).span(panel.width)
  builder.height(panel.kind === 'stat' ? STAT_ROWS : CHART_ROWS)
  if (panel.description !== undefined) builder.description(panel.description)
  const steps = (panel.thresholds ?? []).map(({ above, color }) => ({ value: above, color }))
  const first = { value: null, color: steps[0]?.color === 'green' ? 'red' : 'green' }
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([first, ...steps]))
  for (const [index, query] of panel.queries.entries()) builder.withTarget(target(query, index, panel.kind === 'stat'))
  return builder
}

const stat = (): StatBuilder =>
  new StatBuilder()
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))

function chart({ kind, thresholds, queries }: Panel): TimeseriesBuilder {
  const builder = new TimeseriesBuilder()
    .lineWidth(1)
    .fillOpacity(kind === 'areas' ? 40 : 8)
    .min(0)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull']),
    )
  if (queries.some(({ legend }) => legend === '{{spanwarden_result}}'))
    for (const [name, fixedColor] of RESULT_COLORS)
      builder.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor } }])
  if (kind === 'areas') builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  if (thresholds !== undefined)
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  return builder
}

function target({ expr, legend, exemplars }: Query, index: number, isStat: boolean): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(DATA_SOURCE)
    .expr(expr)
    .range()
  if (isStat) query.rangeAndInstant()
  if (legend !== undefined) query.legendFormat(legend)
  if (exemplars === true) query.exemplar(true)
  return query
}
