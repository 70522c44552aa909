/* global uPlot, document */
/** Runs in the browser: lays the panels on the grid and draws them. */
const COLOURS = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#b877d9', '#5794f2', '#37872d']
const NAMED = { green: '#73bf69', yellow: '#f2cc0c', red: '#f2495c', purple: '#b877d9' }
const RESULTS = { ok: NAMED.green, error: NAMED.red, denied: NAMED.purple }
const LABEL = "Preview: drawn from the answers to the dashboard's queries, not by Grafana"
const LEGEND_PX = 34
const TITLE_PX = 26

// oxlint-disable-next-line no-unused-vars -- called by dashboard-preview.ts
function draw({ title, panels, COLUMN_PX, ROW_PX }) {
  document.body.style.cssText = 'margin:0;background:#111217;color:#ccccdc;font:13px sans-serif'
  add(document.body, `position:absolute;left:12px;top:${ROW_PX / 3}px;font-size:20px`, title)
  add(document.body, `position:absolute;right:12px;top:${ROW_PX / 2}px;color:#ff9830`, LABEL)
  for (const { title: name, type, gridPos, lines, fieldConfig } of panels) {
    const width = gridPos.w * COLUMN_PX - 8
    const height = gridPos.h * ROW_PX - 8
    const place = `position:absolute;left:${gridPos.x * COLUMN_PX + 4}px;top:${(gridPos.y + 1.5) * ROW_PX}px;width:${width}px;height:${height}px;overflow:hidden`
    if (type === 'row') {
      add(document.body, `${place};font-weight:bold;line-height:${height}px`, name)
      continue
    }
    const box = add(document.body, `${place};background:#181b1f;border:1px solid #2c2f36;box-sizing:border-box`, '')
    add(box, 'padding:5px 8px;white-space:nowrap', name)
    const unit = fieldConfig?.defaults.unit ?? 'short'
    if (type === 'stat') {
      const newest = lines[0]?.values.at(-1)?.[1]
      const steps = fieldConfig?.defaults.thresholds?.steps ?? []
      const { color = 'green' } = steps.findLast(({ value }) => value === null || newest >= value) ?? {}
      add(box, `text-align:center;font-size:32px;line-height:70px;color:${NAMED[color]}`, shown(newest, unit))
    } else chart(box, lines, unit, width, height)
  }
}

function chart(box, lines, unit, width, height) {
  const times = [...new Set(lines.flatMap(({ values }) => values.map(([at]) => at)))].sort((a, b) => a - b)
  const columns = lines.map(({ values }) => {
    const byTime = new Map(values)
    return times.map((at) => (Number.isFinite(byTime.get(at)) ? byTime.get(at) : null))
  })
  const axis = { stroke: '#9fa7b3', grid: { stroke: '#2c2f36', width: 1 }, ticks: { stroke: '#2c2f36' }, size: 60 }
  const series = lines.map(({ name }, index) => ({
    stroke: RESULTS[name] ?? COLOURS[index % COLOURS.length],
    width: 1.5,
    points: { show: false },
  }))
  const options = {
    width: width - 4,
    height: height - TITLE_PX - LEGEND_PX,
    legend: { show: false },
    scales: { y: { range: (_, __, top) => [0, top > 0 ? top * 1.1 : 1] } },
    axes: [
      { ...axis, size: 30 },
      { ...axis, values: (_, marks) => marks.map((mark) => shown(mark, unit)) },
    ],
    series: [{}, ...series],
  }
  box.plot = new uPlot(options, [times, ...columns], add(box, '', ''))
  const legend = add(box, 'padding:0 8px;font-size:11px;line-height:15px', '')
  lines.forEach(({ name }, index) =>
    add(legend, `display:inline;margin-right:10px;color:${series[index].stroke}`, name),
  )
}

function shown(value, unit) {
  if (value === undefined) return 'no data'
  if (unit === 'percentunit') return `${(value * 100).toFixed(1)} %`
  if (unit === 'currencyUSD') return `$${value.toFixed(value < 0.1 ? 4 : 2)}`
  const rounded = value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
  return unit === 's' ? `${rounded} s` : rounded
}

function add(parent, style, text) {
  const element = document.createElement('div')
  element.style.cssText = style
  element.textContent = text
  parent.append(element)
  return element
}
