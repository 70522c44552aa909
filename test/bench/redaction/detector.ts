import { createRedactor } from '../../../src/redaction/redactor.ts'
import { ruleTypes } from '../../../src/redaction/rules.ts'

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

/** The engine with its default rules. */
export async function ownDetector({ allRules = false }: OwnOptions = {}): Promise<Detector> {
  const redactor = createRedactor(allRules ? { rules: ruleTypes } : {})
  return {
    name: 'spanwarden',
    find: async (texts) =>
      texts.map((text) => {
        const { hits, text: redacted } = redactor.redactText(text)
        return { findings: hits, redacted }
      }),
  }
}

/** Findings of all records, in their order; those of a group are handed over together. */
export async function findInGroups(
  detector: Detector,
  records: readonly { readonly text: string; readonly group: string }[],
): Promise<Found[]> {
  const groups = Map.groupBy(records.entries(), ([, { group }]) => group)
  const found: Found[] = []
  for (const members of groups.values()) {
    const results = await detector.find(members.map(([, { text }]) => text))
    for (const [i, [index]] of members.entries()) found[index] = results[i] ?? { findings: [], redacted: '' }
  }
  return found
}
