import * as z from 'zod'

/** Durations and sizes as the stock collector writes them, for the schemas of components. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** `200ms`, `1.5s`, `1m30s`, `0`: milliseconds as a number. */
export const duration = z
  .union([z.string(), z.literal(0)], { error: 'write a duration like 200ms, 5s or 1m30s' })
  .transform((text, context) => {
    const ms = durationMs(String(text))
    if (ms !== undefined) return ms
    context.addIssue({ code: 'custom', message: `"${text}" is not a duration; write it like 200ms, 5s or 1m30s` })
    return z.NEVER
  })
  .meta({ format: 'duration' })

export function durationMs(text: string): number | undefined {
  if (text === '0') return 0
  // One literal letter beyond ASCII, and the runtime keeps the whole bundle with two bytes a letter.
  if (!/^(\d+(\.\d+)?(ns|us|\u00b5s|ms|s|m|h))+$/.test(text)) return undefined
  let total = 0
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|\u00b5s|ms|s|m|h)/g)) {
    total += Number(number) * (UNITS_MS[unit] ?? 0)
  }
  return total
}

/** `host:port`, `:port`, `[::1]:4317`. */
export const endpoint = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:/]*):\d{1,5}$/, 'write it as host:port')

/** Splits an endpoint that was checked before. */
export function hostAndPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host: host === '' ? '0.0.0.0' : host, port: Number(text.slice(colon + 1)) }
}

/** A key of the stock collector's that is taken and changes nothing here: whoever writes it is told why, in a sentence that goes on behind "it has no effect: ". */
export const ignoredKey = (why: string) =>
  z.unknown().optional().meta({ ignored: why }).describe(`Taken for compatibility, without effect: ${why}.`)
