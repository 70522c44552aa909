import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { hourAndMinute } from './format.ts'

export interface ChartProps {
  readonly timesMs: readonly number[]
  readonly values: readonly (number | null)[]
  readonly threshold: number | null
  /** Bars for what is counted per step, a line for what has a level. */
  readonly shape: 'bars' | 'line'
  readonly height: number
  /** Axes and the threshold always in sight; without, a sparkline. */
  readonly large?: boolean
  readonly isAlert?: boolean
  readonly format: (value: number) => string
  /** Index of the step under the pointer, null when it left. */
  readonly onHover?: (step: number | null) => void
}

/** A time series on a canvas. Colours come from the style sheet, so it follows the colour scheme. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const { timesMs, values, shape, height, large = false, isAlert = false } = props

  useEffect(() => {
    const element = host.current
    if (element === null) return undefined
    const make = (): void => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(element, latest), alignedOf(latest.current), element)
    }
    make()
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', make)
    const observer = new ResizeObserver(() => {
      plot.current?.setSize({ width: Math.floor(element.clientWidth), height: latest.current.height })
    })
    observer.observe(element)
    return () => {
      scheme.removeEventListener('change', make)
      observer.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape, height, large, isAlert])

  useEffect(() => plot.current?.setData(alignedOf(latest.current)), [timesMs, values])

  return <div ref={host} class={large ? 'chart chart-large' : 'chart'} aria-hidden="true" />
}

const alignedOf = ({ timesMs, values }: ChartProps): uPlot.AlignedData => [
  timesMs.map((ms) => ms / 1000),
  values.map((value) => value),
]

function optionsOf(element: HTMLElement, latest: { readonly current: ChartProps }): uPlot.Options {
  const { shape, height, large = false, isAlert = false } = latest.current
  const color = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim()
  const stroke = color(isAlert ? '--red' : '--accent')
  const axis = { stroke: color('--muted'), font: '11px system-ui', ticks: { show: false }, grid: { show: false } }
  const bars = uPlot.paths.bars?.({ size: [0.8, 12], align: -1, gap: large ? 2 : 1 })
  return {
    width: Math.floor(element.clientWidth),
    height,
    padding: large ? [12, 12, 0, 0] : [4, 0, 2, 0],
    legend: { show: false },
    cursor: { drag: { setScale: false }, y: false, points: { show: shape === 'line' } },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, topOf(latest.current, max)] } },
    axes: large
      ? [
          { ...axis, size: 24, values: (_plot, splits) => splits.map((s) => hourAndMinute(s * 1000)) },
          {
            ...axis,
            size: 64,
            grid: { show: true, stroke: color('--line'), width: 1 },
            values: (_plot, splits) => splits.map((value) => latest.current.format(value)),
          },
        ]
      : [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke,
        width: shape === 'line' ? 1.5 : 0,
        fill: shape === 'bars' ? stroke : color(isAlert ? '--red-wash' : '--accent-wash'),
        ...(shape === 'bars' && bars !== undefined ? { paths: bars } : {}),
        points: shape === 'bars' ? { show: false } : { size: 4, fill: stroke },
      },
    ],
    hooks: {
      draw: [(plot) => drawThreshold(plot, latest.current, color('--red'))],
      setCursor: [(plot) => latest.current.onHover?.(plot.cursor.idx ?? null)],
    },
  }
}

/** The threshold belongs in sight when the values come near it, or when there is room for it. */
function topOf({ threshold, large = false, values }: ChartProps, max: number | null): number {
  const highest = Math.max(max ?? 0, ...values.map((value) => value ?? 0))
  const withThreshold =
    threshold !== null && (large || highest > threshold / 2) ? Math.max(highest, threshold) : highest
  return withThreshold === 0 ? 1 : withThreshold * 1.15
}

function drawThreshold(plot: uPlot, { threshold, values }: ChartProps, color: string): void {
  const top = plot.scales['y']?.max ?? 0
  if (threshold === null || threshold > top || values.every((value) => value === null)) return
  const { ctx, bbox } = plot
  const y = Math.round(plot.valToPos(threshold, 'y', true))
  ctx.save()
  ctx.strokeStyle = color
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.restore()
}
