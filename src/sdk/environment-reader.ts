export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables. What cannot be understood becomes a warning, which never repeats the value: it may be a secret in the wrong place. */
export interface EnvironmentReader {
  text(name: string): string | undefined
  flag(name: string): boolean
  /** A positive whole number. */
  integer(name: string, fallback: number): number
  /** As `integer`, but 0 is fine. */
  limit(name: string, fallback: number): number
  /** One of a few words; another one is refused, with the reason if there is one. */
  word<Word extends string>(name: string, words: readonly Word[], fallback: Word, hint?: string): Word
  list(name: string, fallback?: string): string[]
  /** `key=value,key=value` with percent-encoded values (W3C baggage style). */
  keyValues(name: string): Record<string, string>
  warn(line: string): void
}

/** Empty means unset, for every variable (OpenTelemetry specification, "Configuration"). */
export function environmentReader(environment: Environment, warnings: string[]): EnvironmentReader {
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined
  const warn = (line: string): void => void warnings.push(line)
  const number = (name: string, fallback: number, min: number): number => {
    const value = text(name)
    if (value === undefined) return fallback
    if (/^\d{1,9}$/.test(value) && Number(value) >= min) return Number(value)
    warn(`${name} is not a ${min === 0 ? '' : 'positive '}whole number, ${fallback} is used`)
    return fallback
  }
  return {
    text,
    warn,
    flag: (name) => text(name)?.toLowerCase() === 'true',
    integer: (name, fallback) => number(name, fallback, 1),
    limit: (name, fallback) => number(name, fallback, 0),
    word(name, words, fallback, hint) {
      const value = text(name)?.toLowerCase()
      const known = words.find((word) => word === value)
      if (value !== undefined && known === undefined)
        warn(
          `${name}: only ${words.join(', ')} ${words.length === 1 ? 'is' : 'are'} supported, ${fallback} is used${hint === undefined ? '' : `; ${hint}`}`,
        )
      return known ?? fallback
    },
    list: (name, fallback) => parts(text(name) ?? fallback),
    keyValues: (name) => keyValues(name, text(name), warn),
  }
}

const parts = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function keyValues(name: string, value: string | undefined, warn: (line: string) => void): Record<string, string> {
  const pairs = parts(value).map(
    (pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))).trim(), pair.slice(pair.indexOf('=') + 1).trim()] as const,
  )
  if (pairs.some(([key]) => key === '')) warn(`${name} has a part that is not key=value, that part is ignored`)
  return Object.fromEntries(pairs.filter(([key]) => key !== '').map(([key, text]) => [key, percentDecoded(text)]))
}

export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
