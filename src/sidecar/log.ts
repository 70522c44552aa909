import { pino } from 'pino'
import type { Logger } from './component.ts'

export interface LogConfig {
  readonly level: Level
  readonly encoding: 'console' | 'json'
  /** Fields of every line. */
  readonly initial_fields?: Readonly<Record<string, string>> | undefined
}
type Level = 'debug' | 'info' | 'warn' | 'error'

/** A line of the log that somebody should have seen. */
export interface LogEntry {
  readonly time: string
  readonly level: 'warn' | 'error'
  readonly component?: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Warnings and errors that are kept for the page, the newest of them. */
export const RECENT_ENTRIES_MAX = 100

export interface Children {
  /** A logger whose lines carry these fields too. */
  child(fields: object): Logger
}

export interface SidecarLog extends Logger, Children {
  /** The least severe line to write from now on, children included. */
  setLevel(level: Level): void
  /** The last warnings and errors, whatever the level; the newest is last. */
  recent(): readonly LogEntry[]
  /** Adds an entry that another process has written. */
  remember(entry: LogEntry): void
}

/** Writes log lines: JSON as pino does, or `time level message key=value` for people. */
export function createLogger(
  config: LogConfig,
  out: { write(line: string): unknown },
  { onEntry }: { onEntry?(entry: LogEntry): void } = {},
): SidecarLog {
  const destination = config.encoding === 'json' ? out : { write: (line: string) => out.write(consoleLine(line)) }
  const { initial_fields: base = {} } = config
  const options = { level: 'debug', base: { ...base }, timestamp: pino.stdTimeFunctions.isoTime, formatters }
  const lines = pino(options, destination)
  let severity = SEVERITY[config.level]
  const recent: LogEntry[] = []
  const remember = (entry: LogEntry): void => {
    recent.push(entry)
    if (recent.length > RECENT_ENTRIES_MAX) recent.shift()
  }
  const loggerOf = (writer: typeof lines, own: object): Logger => {
    const log = (level: Level) => (fields: object, message: string) => {
      if (level === 'warn' || level === 'error') {
        const entry = entryOf(level, { ...own, ...fields }, message)
        remember(entry)
        onEntry?.(entry)
      }
      if (SEVERITY[level] >= severity) writer[level](fields, message)
    }
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
  return {
    ...loggerOf(lines, base),
    child: (fields) => loggerOf(lines.child(fields), { ...base, ...fields }),
    setLevel(level) {
      severity = SEVERITY[level]
    },
    recent: () => [...recent],
    remember,
  }
}

const SEVERITY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

const formatters = { level: (level: string) => ({ level }) }

function entryOf(
  level: 'warn' | 'error',
  { component, ...fields }: Record<string, unknown>,
  message: string,
): LogEntry {
  const entry = { time: new Date().toISOString(), level, message, fields }
  return typeof component === 'string' ? { ...entry, component } : entry
}

function consoleLine(json: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json)
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${showValue(value)}`)
  return `${[time, String(level).padEnd(5), msg, ...rest].join(' ')}\n`
}

function showValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value
  return JSON.stringify(value)
}
