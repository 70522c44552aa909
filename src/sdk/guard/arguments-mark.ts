import { inputSummary } from '../../limits/input-summary.ts'
import { callSignature } from '../../limits/loops/call-signature.ts'

/** What a tool's arguments are known by where nothing of them may be kept or told. */
export interface ArgumentsMark {
  /** What a person is shown. */
  readonly summary: string
  /** What the audit log keeps. */
  readonly hmac: string
  /** Of what JSON leaves out, too: maps, sets, big integers, circles. Undefined where nobody is to compare it. */
  readonly whole: string | undefined
}

export function argumentsMark(input: unknown, json: string, key: string, isCompared: boolean): ArgumentsMark {
  const { createHmac } = process.getBuiltinModule('node:crypto')
  const hmacOf = (data: string | Uint8Array): string => createHmac('sha256', key).update(data).digest('hex')
  return { summary: inputSummary(input), hmac: hmacOf(json), whole: isCompared ? hmacOf(wholeOf(input)) : undefined }
}

export const isSameMark = (one: ArgumentsMark, other: ArgumentsMark): boolean =>
  one.summary === other.summary && one.hmac === other.hmac && (one.whole === undefined || one.whole === other.whole)

function wholeOf(input: unknown): string | Uint8Array {
  try {
    return process.getBuiltinModule('node:v8').serialize(input)
  } catch {
    // Functions are in it.
    return String(callSignature('', input))
  }
}
