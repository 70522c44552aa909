/** What the sidecar says of itself under /health. */
export interface Health {
  readonly program: string
  readonly version: string
  readonly status: 'starting' | 'ok' | 'degraded' | 'draining' | 'stopped'
  /** Why it is not `ok`. */
  readonly reasons: readonly HealthReason[]
  readonly pid: number
  readonly uptime_s: number
  /** Name of the protocol to URL. */
  readonly listening: Readonly<Record<string, string>>
  readonly components: readonly ComponentHealth[]
  readonly config: ConfigHealth
}

/** For machines: `reason` is one of a few words, `message` says it in a sentence. */
export interface HealthReason {
  readonly reason:
    | 'starting'
    | 'draining'
    | 'stopped'
    | 'queue_full'
    | 'queue_disk'
    | 'exporter_failing'
    | 'reload_failed'
    | 'worker_down'
    | 'extension_failing'
  /** Id of the component, where it is one's. */
  readonly component?: string
  readonly message: string
  /** RFC 3339. */
  readonly since?: string
}

export interface ComponentHealth {
  readonly id: string
  readonly kind: string
  readonly status: 'ok' | 'degraded'
  /** Of exporters: what waits. */
  readonly queued_items?: number
  readonly reason?: string
}

/** Which configuration runs. */
export interface ConfigHealth {
  /** The beginning of the SHA-256 of what it came to, secrets left out. */
  readonly hash: string
  readonly loaded_at: string
  /** Of the last attempt to load another, when it failed. */
  readonly problem?: { readonly message: string; readonly at: string }
}
