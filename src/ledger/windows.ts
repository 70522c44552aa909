/** How long a budget or a cap counts: the day of a time zone, the hour, or the whole of what it is for (a run, a session). */
export type WindowKind = 'day' | 'hour' | 'run'

/** One such time. What is spent in it counts in it, whenever its price is known. */
export interface BudgetWindow {
  /** `2026-11-21`, `2026-11-21T14Z`, `run`: ascending with the time. */
  readonly id: string
  /** Unix ms; infinite for `run`. */
  readonly endsAt: number
}

/** IANA name, such as `Europe/Berlin`. Throws RangeError when it is none. */
export type TimeZone = string

const HOUR_MS = 3_600_000
/** No day is longer: 25 hours where clocks go back, 47 where an island changed sides of the date line. */
const DAY_MS_MAX = 48 * HOUR_MS

/**
 * The window that holds the time, in Unix ms. Days begin at midnight of the time zone, so they are 23 to 25 hours long where clocks change; hours are
 * those of UTC.
 */
export function windowAt(kind: WindowKind, atMs: number, timeZone: TimeZone = 'UTC'): BudgetWindow {
  switch (kind) {
    case 'run':
      return { id: 'run', endsAt: Number.POSITIVE_INFINITY }
    case 'hour': {
      const start = Math.floor(atMs / HOUR_MS) * HOUR_MS
      return {
        id: `${new Intl.DateTimeFormat('sv-SE', HOUR).format(start).replace(' ', 'T')}Z`,
        endsAt: start + HOUR_MS,
      }
    }
    case 'day':
      return dayAt(atMs, timeZone)
  }
}

const HOUR: Intl.DateTimeFormatOptions = {
  timeZone: 'UTC',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
}

/** The day that was asked about last, by time zone: nearly every question is about the same one. */
const lastDay = new Map<TimeZone, { from: number; window: BudgetWindow }>()
/** Time zones that are remembered. */
const ZONES_MAX = 64

function dayAt(atMs: number, timeZone: TimeZone): BudgetWindow {
  const last = lastDay.get(timeZone)
  if (last !== undefined && atMs >= last.from && atMs < last.window.endsAt) return last.window
  const id = dateIn(timeZone, atMs)
  const window = { id, endsAt: firstAt(atMs, atMs + DAY_MS_MAX, (time) => dateIn(timeZone, time) !== id) }
  if (lastDay.size >= ZONES_MAX) lastDay.clear()
  lastDay.set(timeZone, { from: atMs, window })
  return window
}

const formats = new Map<TimeZone, Intl.DateTimeFormat>()

/** `2026-11-21`. */
function dateIn(timeZone: TimeZone, atMs: number): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    if (formats.size >= ZONES_MAX) formats.clear()
    formats.set(timeZone, format)
  }
  return format.format(atMs)
}

/** The first millisecond in (low, high] for which the test holds; it holds for all that follow. */
function firstAt(low: number, high: number, test: (time: number) => boolean): number {
  let [no, yes] = [low, high]
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2)
    if (test(middle)) yes = middle
    else no = middle
  }
  return yes
}
