import { namesPattern } from '../../../src/redaction/names/names-pattern.ts'
import { redactTexts } from '../../../src/redaction/redact-texts.ts'
import { createRedactor } from '../../../src/redaction/redactor.ts'
import { ruleTypes } from '../../../src/redaction/rules.ts'
import { TraceValues } from '../../../src/redaction/trace-values.ts'

export interface Finding {
  readonly start: number
  readonly end: number
  readonly rule: string
}

export interface Found {
  readonly findings: readonly Finding[]
  readonly redacted: string
}

/** Something that redacts: ours, or a peer. */
export interface Detector {
  readonly name: string
  /** Finds in texts that belong together, such as the messages of one conversation, in their order. */
  find(texts: readonly string[]): Promise<readonly Found[]>
}

export interface OwnOptions {
  /** The rules too that apply only when they are named. */
  readonly allRules?: boolean
  readonly withNames?: boolean
  /** Each text alone, not as a part of its conversation. */
  readonly isAlone?: boolean
}

/** The engine with its default rules; what keys name in one text is known in the others that are handed over with it. */
export function ownDetector(options: OwnOptions = {}): Detector {
  const { allRules = false, withNames = false, isAlone = false } = options
  const redactor = createRedactor({
    traces: new TraceValues(),
    patterns: withNames ? [namesPattern()] : [],
    ...(allRules ? { rules: ruleTypes } : {}),
  })
  let traces = 0
  return {
    name: withNames ? 'spanwarden, names' : 'spanwarden',
    find: async (texts) => {
      traces++
      const members = texts.map((text, n) => ({ text, trace: isAlone ? `${traces} ${n}` : `${traces}` }))
      return redactTexts(redactor, members).map(({ hits, text: redacted }) => ({ findings: hits, redacted }))
    },
  }
}

/** Findings of all records, in their order; those of a group are handed over together. */
export async function findInGroups(
  detector: Detector,
  records: readonly { readonly id: string; readonly text: string; readonly group: string }[],
): Promise<Found[]> {
  const groups = Map.groupBy(records.entries(), ([, record]) => traceOf(record))
  const found: Found[] = []
  for (const members of groups.values()) {
    const results = await detector.find(members.map(([, { text }]) => text))
    for (const [i, [index]] of members.entries()) found[index] = results[i] ?? { findings: [], redacted: '' }
  }
  return found
}

/** Conversations of agents have ids such as tau-air-13-50: the fiftieth message of conversation 13. A group holds all that are about the same person. */
const traceOf = ({ id, group }: { readonly id: string; readonly group: string }): string =>
  /^tau-[a-z]+-\d+(?=-)/.exec(id)?.[0] ?? group
