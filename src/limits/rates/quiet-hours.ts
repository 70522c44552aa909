/** Times of day of a time zone, in minutes since midnight. */
export interface QuietHours {
  readonly fromMinute: number
  readonly toMinute: number
  readonly timeZone: string
}

/** Reads `22:00-06:00`. Throws RangeError for anything else, and for a time without length. */
export function parseQuietHours(text: string, timeZone = 'UTC'): QuietHours {
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(text)
  const [from = 0, fromMinutes = 0, to = 0, toMinutes = 0] = (found ?? []).slice(1).map(Number)
  const [fromMinute, toMinute] = [from * 60 + fromMinutes, to * 60 + toMinutes]
  if (found === null || toMinute > DAY_MINUTES || fromMinute === toMinute)
    throw new RangeError('quiet hours are to be two times of day, such as 22:00-06:00')
  minuteIn(timeZone, 0)
  return { fromMinute, toMinute, timeZone }
}

/**
 * When the quiet hours that hold at a time are over, both in Unix ms; undefined when none hold. By the clock on the wall: an hour that is skipped in spring is
 * not there, and one that comes twice in autumn is quiet twice.
 */
export function quietUntil(hours: QuietHours, atMs: number): number | undefined {
  if (!isQuiet(hours, atMs)) return undefined
  const minute = minuteIn(hours.timeZone, atMs)
  const left = (hours.toMinute - minute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES
  let until = (Math.floor(atMs / MINUTE_MS) + left) * MINUTE_MS
  // Where clocks change in between, the end is up to some hours earlier or later.
  while (isQuiet(hours, until)) until += MINUTE_MS
  while (until - MINUTE_MS > atMs && !isQuiet(hours, until - MINUTE_MS)) until -= MINUTE_MS
  return until
}

function isQuiet({ fromMinute, toMinute, timeZone }: QuietHours, atMs: number): boolean {
  const minute = minuteIn(timeZone, atMs)
  return fromMinute < toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

const formats = new Map<string, Intl.DateTimeFormat>()
/** Time zones whose format is kept. */
const FORMATS_MAX = 64

function minuteIn(timeZone: string, atMs: number): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    if (formats.size >= FORMATS_MAX) formats.clear()
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    formats.set(timeZone, format)
  }
  const [hour = 0, minute = 0] = format.format(atMs).split(':').map(Number)
  return hour * 60 + minute
}
