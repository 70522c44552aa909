import { pino } from 'pino'
import type { Logger } from './component.ts'

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly encoding: 'console' | 'json'
}

/** Writes log lines: JSON as pino does, or `time level message key=value` for people. */
export function createLogger({ level, encoding }: LogConfig, out: { write(line: string): unknown }): Logger & Children {
  const destination = encoding === 'json' ? out : { write: (line: string) => out.write(consoleLine(line)) }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination)
}

export interface Children {
  /** A logger whose lines carry these fields too. */
  child(fields: object): Logger
}

const formatters = { level: (level: string) => ({ level }) }

function consoleLine(json: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json)
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${showValue(value)}`)
  return `${[time, String(level).padEnd(5), msg, ...rest].join(' ')}\n`
}

function showValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value
  return JSON.stringify(value)
}
