interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the agents' metrics from the Prometheus endpoint and shows them as a table. */
export class FiveMetrics {
  readonly #url: string
  #samples: readonly Sample[] = []
  #queueDepthPeak = 0
  #unchangedReads = 0

  constructor(url: string) {
    this.#url = url
  }

  async read(): Promise<void> {
    const text = await fetch(this.#url).then(
      (response) => response.text(),
      () => '',
    )
    const before = this.#sum('agent_requests_total') + this.#sum('agent_tokens_used_total')
    this.#samples = samplesOf(text)
    this.#queueDepthPeak = Math.max(this.#queueDepthPeak, this.#sum('agent_queue_depth'))
    const after = this.#sum('agent_requests_total') + this.#sum('agent_tokens_used_total')
    this.#unchangedReads = before === after ? this.#unchangedReads + 1 : 0
  }

  /** Everything has a value and nothing has moved for a second. */
  isSettled(): boolean {
    return this.missing().length === 0 && this.#unchangedReads >= 4
  }

  /** Which of the five metrics have no value above zero yet. */
  missing(): readonly string[] {
    return Object.entries(this.#values())
      .filter(([, value]) => !(value > 0))
      .map(([name]) => name)
  }

  table(): string {
    const values = this.#values()
    const cost = this.#sum('agent_cost_usd_total')
    const rows: readonly (readonly [string, string, string])[] = [
      ['agent_request_latency', `${(values['agent_request_latency'] ?? 0).toFixed(2)} s`, 'P99, from the buckets'],
      [
        'agent_error_rate',
        `${((values['agent_error_rate'] ?? 0) * 100).toFixed(1)} %`,
        'of the requests of the last hour',
      ],
      ['agent_tool_calls', `${values['agent_tool_calls']}`, this.#by('agent_tool_calls_total', 'gen_ai_tool_name')],
      [
        'agent_tokens_used',
        `${values['agent_tokens_used']}`,
        this.#by('agent_tokens_used_total', 'spanwarden_token_type'),
      ],
      ['agent_queue_depth', `${this.#sum('agent_queue_depth')}`, `peak ${this.#queueDepthPeak}`],
      ['spend', `$${cost.toFixed(4)}`, this.#by('agent_cost_usd_total', 'gen_ai_request_model')],
    ]
    return rows.map(([name, value, note]) => `  ${name.padEnd(24)}${value.padStart(12)}   ${note}`).join('\n')
  }

  #values(): Record<string, number> {
    return {
      agent_request_latency: this.#p99('agent_request_latency_seconds'),
      agent_error_rate: Math.max(0, ...this.#named('agent_error_rate_ratio').map(({ value }) => value)),
      agent_tool_calls: this.#sum('agent_tool_calls_total'),
      agent_tokens_used: this.#sum(
        'agent_tokens_used_total',
        ({ spanwarden_token_type: type }) => type === 'input' || type === 'output',
      ),
      agent_queue_depth: this.#queueDepthPeak,
    }
  }

  #named(name: string): readonly Sample[] {
    return this.#samples.filter((sample) => sample.name === name)
  }

  #sum(name: string, keep: (labels: Sample['labels']) => boolean = () => true): number {
    return this.#named(name).reduce((sum, { labels, value }) => (keep(labels) ? sum + value : sum), 0)
  }

  #by(name: string, label: string): string {
    const sums = new Map<string, number>()
    for (const { labels, value } of this.#named(name)) {
      const key = labels[label] ?? 'other'
      sums.set(key, (sums.get(key) ?? 0) + value)
    }
    return [...sums].map(([key, value]) => `${key} ${Number.isInteger(value) ? value : value.toFixed(4)}`).join(', ')
  }

  /** As Prometheus' histogram_quantile does: linear inside the bucket. */
  #p99(name: string): number {
    const counts = new Map<number, number>()
    for (const { labels, value } of this.#named(`${name}_bucket`)) {
      const bound = Number((labels['le'] ?? '').replace('+Inf', 'Infinity'))
      counts.set(bound, (counts.get(bound) ?? 0) + value)
    }
    const buckets = [...counts].sort(([a], [b]) => a - b)
    const rank = 0.99 * (buckets.at(-1)?.[1] ?? 0)
    if (rank === 0) return 0
    const index = buckets.findIndex(([, count]) => count >= rank)
    const [bound = 0, count = 0] = buckets[index] ?? []
    const [below = 0, countBelow = 0] = buckets[index - 1] ?? []
    return Number.isFinite(bound) ? below + ((bound - below) * (rank - countBelow)) / (count - countBelow) : below
  }
}

function samplesOf(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line)
    if (match === null) return []
    const [, name = '', labels = '', value = ''] = match
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text_ = '']) => [
      key,
      text_,
    ])
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }]
  })
}
