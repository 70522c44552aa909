export interface JudgeConfigOptions {
  /** Of budgets `fleet` and `agents`, in nano-USD. */
  readonly caps: Readonly<Record<string, number>>
  readonly postsPerHour: number
  readonly leaseMs: number
  /** Redis, for a fleet. */
  readonly storeUrl: string | undefined
}

/** What sidecars under the judge's eyes are told. Budgets are by the hour of the sidecar's clock; those of a fleet have no end, for its clock is Redis'. */
export function judgeConfig({ caps, postsPerHour, leaseMs, storeUrl }: JudgeConfigOptions): object {
  const window = storeUrl === undefined ? 'hour' : 'run'
  const capOf = (budget: string): number => (caps[budget] ?? 0) / 1e9
  return {
    extensions: {
      guard: {
        budgets: {
          fleet: { scope: 'fleet', window, limit_usd: capOf('fleet') },
          agents: { scope: 'agent', window, limit_usd: capOf('agents') },
        },
        rates: { posts: { class: 'post', limit: postsPerHour, window: '1h' } },
        audit: { classes: ['post'] },
        output_tokens_default: 250,
        lease: `${leaseMs}ms`,
        max_wait: '2s',
        ...(storeUrl === undefined ? {} : { fleet: { url: storeUrl, command_timeout: '500ms' } }),
      },
    },
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
    exporters: { debug: {} },
    service: {
      extensions: ['guard'],
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { logs: { level: 'warn' }, metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
    },
  }
}
