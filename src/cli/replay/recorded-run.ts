import { callSignature, errorSignature, resultSignature } from '../../limits/loops/call-signature.ts'
import type { LoopStep } from '../../limits/loops/loop-detector.ts'
import { UsageError } from '../command.ts'
import { runsOfTraces } from './trace-runs.ts'

/** One run of an agent, as it was recorded. */
export interface RecordedRun {
  readonly id: string
  /** null when nobody knows. */
  readonly success: boolean | null
  readonly steps: readonly RecordedStep[]
}

export interface RecordedStep extends LoopStep {
  readonly isUnjudged: boolean
}

/** A tool call as it was recorded; without arguments or result, nobody can say whether it was the same as another. */
export interface RecordedCall {
  readonly tool: string
  readonly args: unknown
  readonly result: unknown
  readonly errorType?: string | undefined
}

/** Runs in a file: OTLP traces (protobuf, JSON, JSON one request a line), or runs one a line. Throws UsageError with the line that is neither. */
export function* readRuns(bytes: Buffer, file: string): Generator<RecordedRun> {
  if (!isText(bytes)) return yield* runsOfTraces([bytes], file)
  const requests: string[] = []
  let number = 0
  for (const line of linesOf(bytes)) {
    number++
    if (line.trim() === '') continue
    const value = parsed(line)
    // A request over several lines.
    if (value === undefined && number === 1) return yield* runsOfTraces([bytes.toString()], file)
    if (isRecord(value) && 'resourceSpans' in value) requests.push(line)
    else if (isRecord(value) && Array.isArray(value['steps'])) yield runOfLine(value, `${file}:${number}`)
    else throw new UsageError(`${file}:${number}: neither an OTLP request nor a run with steps`)
  }
  yield* runsOfTraces(requests, file)
}

let missing = 0

export function stepOf({ tool, args, result, errorType }: RecordedCall): RecordedStep {
  const isUnjudged = args === undefined || args === null || result === undefined || result === null
  if (isUnjudged && errorType === undefined) return { call: callSignature(tool, args), result: --missing, isUnjudged }
  const outcome = errorType === undefined ? resultSignature(result) : errorSignature(errorType, String(result ?? ''))
  return { call: callSignature(tool, args), result: outcome, isUnjudged: args === undefined || args === null }
}

/** A run is over with the step that reaches the whole reward. */
function runOfLine(value: Record<string, unknown>, place: string): RecordedRun {
  const steps: RecordedStep[] = []
  for (const step of value['steps'] as unknown[]) {
    if (!isRecord(step) || typeof step['tool'] !== 'string') throw new UsageError(`${place}: a step without a tool`)
    steps.push(stepOf({ tool: step['tool'], args: step['args'], result: step['result'] }))
    if (step['reward'] === 1) break
  }
  const { id, success } = value
  return { id: typeof id === 'string' ? id : place, success: typeof success === 'boolean' ? success : null, steps }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Protocol Buffers begin with a line feed, which is the tag of their first field. */
const isText = (bytes: Buffer): boolean => bytes[0] === 0x7b

/** A file may be larger than the longest string. */
function* linesOf(bytes: Buffer): Generator<string> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end < 0 ? bytes.length : end
    yield bytes.toString('utf8', from, to)
    from = to + 1
  }
}
