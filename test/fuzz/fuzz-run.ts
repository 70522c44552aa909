import { performance } from 'node:perf_hooks'
import type { FuzzTarget } from './fuzz-target.ts'
import { Random } from './random.ts'

/** What was found, with all that is needed to see it again. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly at: number
  readonly kind: 'error' | 'slow' | 'memory' | 'check' | 'crash' | 'hang'
  readonly message: string
  /** The input in base64, when it is at hand. */
  readonly input?: string
}

export interface FuzzRange {
  readonly name: string
  readonly seed: number
  readonly from: number
  readonly to: number
  onInput?(at: number): void
}

/** CPU time of one input. By the clock a busy machine would be blamed on the code. */
const CPU_MS_MAX = 1000
const CHECK_EVERY = 500
/** Above what the process had when the range began. */
const RSS_GROWTH_BYTES_MAX = 512 * 1024 * 1024

/** Runs the inputs [from, to) of a target, in order; a finding ends the range. */
export async function runRange(
  target: FuzzTarget,
  { name, seed, from, to, onInput }: FuzzRange,
): Promise<Finding | undefined> {
  const faults: unknown[] = []
  const uncaught = (error: unknown): void => void faults.push(error)
  process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught)
  const rssBefore = process.memoryUsage.rss()
  const finding = (at: number, kind: Finding['kind'], message: string, input?: Buffer): Finding => ({
    target: name,
    seed,
    at,
    kind,
    message,
    ...(input === undefined ? {} : { input: input.toString('base64') }),
  })
  try {
    for (let at = from; at < to; at++) {
      onInput?.(at)
      const input = target.input(new Random(seed, hashOf(name), at))
      try {
        if (await isSlow(target, input)) return finding(at, 'slow', `more than ${CPU_MS_MAX} ms`, input)
      } catch (error) {
        return finding(at, 'error', textOf(error), input)
      }
      if (faults.length > 0) return finding(at, 'error', `uncaught: ${textOf(faults[0])}`, input)
      if (at % CHECK_EVERY !== 0) continue
      const grown = process.memoryUsage.rss() - rssBefore
      if (grown > RSS_GROWTH_BYTES_MAX)
        return finding(at, 'memory', `${Math.round(grown / 2 ** 20)} MiB more than at input ${from}`)
      const problem = await target.check?.().catch(textOf)
      if (typeof problem === 'string') return finding(at, 'check', problem)
    }
    return undefined
  } finally {
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught)
  }
}

async function isSlow(target: FuzzTarget, input: Buffer): Promise<boolean> {
  const startMs = performance.now()
  await target.run(input)
  if (performance.now() - startMs < CPU_MS_MAX) return false
  const before = process.cpuUsage()
  await target.run(input)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 > CPU_MS_MAX
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

function hashOf(name: string): number {
  let hash = 7
  for (const char of name) hash = Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)
  return hash
}
