import type { Counter, Labels, OwnMetrics } from './component.ts'

/** Label sets over all metrics; what is made beyond it counts into nothing, and is counted itself. */
export const SERIES_MAX = 10_000
const REFUSED = 'spanwarden_own_metrics_refused_series'

/** All values at one moment, to be sent to another process. Labels are rendered. */
export type MetricsSnapshot = readonly {
  readonly name: string
  readonly kind: Kind
  readonly description: string
  readonly series: readonly (readonly [labels: string, value: number])[]
}[]
export interface LabelledMetrics {
  readonly metrics: MetricsSnapshot
  readonly labels?: Labels
}

export interface ScopedMetrics extends OwnMetrics {
  close(): void
}

type Kind = 'counter' | 'gauge'
interface Family {
  readonly kind: Kind
  readonly description: string
  /** Rendered labels to the reader of the value. */
  readonly series: Map<string, () => number>
}

/** The metrics of the sidecar itself, in memory, with names as the stock collector's (no unit, no `_total`), rendered in the Prometheus text format. */
export class OwnMetricsRegistry implements OwnMetrics {
  readonly #families = new Map<string, Family>()
  readonly #counters = new Map<string, Counter>()
  readonly #seriesMax: number
  #series = 0
  #refused = 0

  constructor(seriesMax = SERIES_MAX) {
    this.#seriesMax = seriesMax
    const refused: Family = { kind: 'counter', description: 'Label sets that were not kept.', series: new Map() }
    refused.series.set('', () => this.#refused)
    this.#families.set(REFUSED, refused)
  }

  /** The same counter for the same name and labels. */
  counter(name: string, description: string, labels: Labels = {}): Counter {
    const rendered = renderLabels(labels)
    const key = name + rendered
    const known = this.#counters.get(key)
    if (known !== undefined) return known
    let value = 0
    const counter: Counter = {
      add(n) {
        value += n
      },
    }
    if (this.#register(name, 'counter', description, rendered, () => value)) this.#counters.set(key, counter)
    return counter
  }

  gauge(name: string, description: string, labels: Labels, read: () => number): void {
    this.#register(name, 'gauge', description, renderLabels(labels), read)
  }

  /**
   * For one component: `close` takes its gauges out again, but where a successor has put its own in their place. Counters stay, so that they go on when the
   * component comes back.
   */
  scoped(): ScopedMetrics {
    const added: (() => void)[] = []
    return {
      counter: (name, description, labels) => this.counter(name, description, labels),
      gauge: (name, description, labels, read) => {
        this.gauge(name, description, labels, read)
        added.push(() => this.#remove(name, renderLabels(labels), read))
      },
      close() {
        for (const remove of added.splice(0)) remove()
      },
    }
  }

  /** A counter whose value is kept elsewhere. */
  observedCounter(name: string, description: string, read: () => number): void {
    this.#register(name, 'counter', description, '', read)
  }

  /** Value of one series, for tests and health; undefined when there is none. */
  read(name: string, labels: Labels = {}): number | undefined {
    return this.#families.get(name)?.series.get(renderLabels(labels))?.()
  }

  /** Prometheus text format 0.0.4. */
  render(): string {
    return renderMetrics([{ metrics: this.snapshot() }])
  }

  snapshot(): MetricsSnapshot {
    return Array.from(this.#families, ([name, { kind, description, series }]) => ({
      name,
      kind,
      description,
      series: Array.from(series, ([labels, read]) => [labels, read()] as const),
    }))
  }

  #remove(name: string, labels: string, read: () => number): void {
    const family = this.#families.get(name)
    if (family?.series.get(labels) !== read) return
    family.series.delete(labels)
    this.#series--
    if (family.series.size === 0) this.#families.delete(name)
  }

  #register(name: string, kind: Kind, description: string, labels: string, read: () => number): boolean {
    const family = this.#families.get(name) ?? { kind, description, series: new Map() }
    if (family.kind !== kind) throw new Error(`own metric ${name} is a ${family.kind} already`)
    if (!family.series.has(labels)) {
      if (this.#series >= this.#seriesMax) {
        this.#refused++
        return false
      }
      this.#series++
    }
    this.#families.set(name, family)
    family.series.set(labels, read)
    return true
  }
}

/** Adds labels to all that is made. */
export const withLabels = (metrics: OwnMetrics, added: Labels): OwnMetrics => ({
  counter: (name, description, labels = {}) => metrics.counter(name, description, { ...labels, ...added }),
  gauge: (name, description, labels, read) => metrics.gauge(name, description, { ...labels, ...added }, read),
})

/** Metrics of several processes in one text. What is added as labels comes first. */
export function renderMetrics(all: readonly LabelledMetrics[]): string {
  const families = new Map<string, string[]>()
  for (const { metrics, labels = {} } of all) {
    const added = renderLabels(labels).slice(1, -1)
    for (const { name, kind, description, series } of metrics) {
      const lines = families.get(name) ?? [
        `# HELP ${name} ${description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${kind}`,
      ]
      for (const [own, value] of series) lines.push(`${name}${joinLabels(added, own)} ${value}`)
      families.set(name, lines)
    }
  }
  return `${[...families.values()].flat().join('\n')}\n`
}

const joinLabels = (added: string, own: string): string =>
  added === '' ? own : own === '' ? `{${added}}` : `{${added},${own.slice(1)}`

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
