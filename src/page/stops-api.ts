/** What is stopped, as the sidecar's guard tells it. */
export interface StopList {
  readonly needs_token: boolean
  readonly agents: readonly string[]
  readonly stops: readonly StoppedScope[]
  readonly confirmations: readonly (ScopeName & { readonly processes: readonly { readonly state: string }[] })[]
}
export interface ScopeName {
  readonly scope: string
  readonly value: string
}
export interface StoppedScope extends ScopeName {
  readonly state: string
  readonly reason: string
  readonly person: string
  readonly at: string
}

export interface KillOrder extends ScopeName {
  readonly order: 'stop' | 'resume'
  readonly person: string
  readonly reason: string
}

export async function fetchStops(): Promise<StopList> {
  const response = await fetch('/api/guard/stops', { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`the sidecar answered ${response.status}`)
  return response.json()
}

/** Undefined when it is in force, else why not. */
export async function orderKill(
  { order, scope, value, person, reason }: KillOrder,
  token: string,
): Promise<string | undefined> {
  const more = order === 'stop' ? { wait_ms: 0 } : { confirm: true }
  const response = await fetch(`/api/guard/${order}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ scope, value: scope === 'fleet' ? '' : value, person, reason, ...more }),
  })
  if (response.ok) return undefined
  const said: { error?: string } = await response.json()
  return said.error ?? `the sidecar answered ${response.status}`
}

const SURE = ['confirmed', 'killed', 'gone']

/** `2 of 3 processes have confirmed it`; nothing without processes. */
export function confirmedText({ confirmations }: StopList, { scope, value }: ScopeName): string {
  const processes = confirmations.find((one) => one.scope === scope && one.value === value)?.processes ?? []
  if (processes.length === 0) return ''
  const sure = processes.filter(({ state }) => SURE.includes(state)).length
  return `${sure} of ${processes.length} ${processes.length === 1 ? 'process has' : 'processes have'} confirmed it`
}

export const scopeText = ({ scope, value }: ScopeName): string =>
  scope === 'fleet' ? 'Everything' : `${scope} ${value}`
