import { extname } from 'node:path'

/** `data.json` becomes `data-2026-11-21T18-05-02.173.json`, as the stock collector names it. */
export function backupName(name: string, timeMs: number, usesLocalTime: boolean): string {
  const extension = extname(name)
  return `${name.slice(0, name.length - extension.length)}-${timeText(timeMs, usesLocalTime)}${extension}`
}

/** The time in the name of such a file, undefined when it is none of this name's. */
export function backupTimeMs(backup: string, name: string, usesLocalTime: boolean): number | undefined {
  const extension = extname(name)
  const base = `${name.slice(0, name.length - extension.length)}-`
  if (!backup.startsWith(base) || !backup.endsWith(extension)) return undefined
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(
    backup.slice(base.length, backup.length - extension.length),
  )
  if (match === null) return undefined
  const [, day = '', hour = '', minute = '', second = ''] = match
  const timeMs = Date.parse(`${day}T${hour}:${minute}:${second}${usesLocalTime ? '' : 'Z'}`)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

function timeText(timeMs: number, usesLocalTime: boolean): string {
  const time = new Date(timeMs)
  const shifted = usesLocalTime ? new Date(timeMs - time.getTimezoneOffset() * 60_000) : time
  return shifted.toISOString().slice(0, -1).replaceAll(':', '-')
}
