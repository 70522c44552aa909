/** The parts of GET /api/alerts that are shown. */
export interface AlertList {
  readonly alerts: readonly ShownAlert[]
  readonly notifiers: readonly unknown[]
}
export interface ShownAlert {
  readonly alert: string
  readonly state: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly starts_at: string
  readonly ends_at: string | null
  readonly summary: string
  readonly action: string
}

export async function fetchAlerts(): Promise<AlertList> {
  const response = await fetch('/api/alerts', { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`the sidecar answered ${response.status}`)
  return response.json()
}
