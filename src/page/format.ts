/** Numbers and times as people read them. */

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short' })

/** 830 ms, 3.21 s, 2 min 03 s, 1 h 02 min */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} min`
}

export function count(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} G`
  return n >= 1e6 ? `${(n / 1e6).toFixed(2)} M` : integer.format(n)
}

/** < $0.0001, $0.0042, $0.14, $12.40: two digits that say something. */
export function usd(amount: number): string {
  if (amount === 0) return '$0.00'
  if (amount >= 1000) return `$${integer.format(amount)}`
  if (amount >= 1) return `$${amount.toFixed(2)}`
  if (amount < 0.0001) return '< $0.0001'
  const digits = Math.max(2, 1 - Math.floor(Math.log10(amount)))
  return `$${amount.toFixed(digits)}`
}

export function percent(ratio: number): string {
  const value = ratio * 100
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(value < 0.1 ? 2 : 1)} %`
}

export const timeOfDay = (ms: number): string => clock.format(ms)
export const hourAndMinute = (ms: number): string => minutes.format(ms)
export const dayOfMonth = (ms: number): string => day.format(ms)

/** For tooltips: exact, with the zone. */
export const exactTime = (ms: number): string => new Date(ms).toISOString()

export function ago(ms: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000))
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`
}

export function bytes(n: number): string {
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} KiB`
  return n < 1024 ** 3 ? `${Math.round(n / 1024 ** 2)} MiB` : `${(n / 1024 ** 3).toFixed(1)} GiB`
}

const pad = (n: number): string => String(n).padStart(2, '0')
