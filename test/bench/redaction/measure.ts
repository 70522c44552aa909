import type { Annotated, GoldSpan } from './annotated.ts'
import { classOfLabel, classOfRule } from './classes.ts'
import type { Finding } from './detector.ts'

/** Counts of one class of a data set. */
export interface ClassCounts {
  gold: number
  /** Gold spans that a finding of the class overlaps. */
  overlapped: number
  /** Gold spans of which every letter and digit is in a finding, of whatever class. */
  covered: number
  /** Findings of the class. */
  found: number
  /** Findings of the class that overlap a gold span of it. */
  right: number
  /** Findings of the class that begin and end with a gold span of it. */
  exact: number
}

export interface Measured {
  readonly classes: ReadonlyMap<string, ClassCounts>
  /** Findings of classes that the data set does not label, by type of rule: those that overlap a gold span of another class, and all. */
  readonly unlabelled: ReadonlyMap<string, { overlapping: number; all: number }>
  readonly errors: readonly ScoringError[]
}

export interface ScoringError {
  readonly kind: 'not covered' | 'false'
  readonly class: string
  readonly record: Annotated
  readonly start: number
  readonly end: number
  readonly rule: string
}

/** Typed overlap and full coverage as in the tables of the peers: `found` holds the findings of each record. */
export function measure(records: readonly Annotated[], found: readonly (readonly Finding[])[]): Measured {
  const classes = new Map<string, ClassCounts>()
  const unlabelled = new Map<string, { overlapping: number; all: number }>()
  const errors: ScoringError[] = []
  for (const { spans } of records) for (const { label } of spans) countsOf(classes, classOfLabel(label))
  for (const [i, record] of records.entries()) {
    const findings = found[i] ?? []
    for (const span of record.spans) countSpan(classes, record, span, findings, errors)
    for (const finding of findings) {
      const counts = classes.get(classOfRule(finding.rule))
      if (counts === undefined) countUnlabelled(unlabelled, record, finding)
      else countFinding(counts, record, finding, errors)
    }
  }
  return { classes, unlabelled, errors }
}

export const percent = (part: number, whole: number): string => (whole === 0 ? '–' : ((100 * part) / whole).toFixed(1))

export function f1({ gold, overlapped, found, right }: ClassCounts): number {
  const precision = found === 0 ? 0 : right / found
  const recall = gold === 0 ? 0 : overlapped / gold
  return precision + recall === 0 ? 0 : (200 * precision * recall) / (precision + recall)
}

function countsOf(classes: Map<string, ClassCounts>, name: string): ClassCounts {
  const counts = classes.get(name) ?? { gold: 0, overlapped: 0, covered: 0, found: 0, right: 0, exact: 0 }
  classes.set(name, counts)
  return counts
}

interface Range {
  readonly start: number
  readonly end: number
}
const overlaps = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end

function countSpan(
  classes: Map<string, ClassCounts>,
  record: Annotated,
  span: GoldSpan,
  findings: readonly Finding[],
  errors: ScoringError[],
): void {
  const name = classOfLabel(span.label)
  const counts = countsOf(classes, name)
  counts.gold++
  if (findings.some((finding) => classOfRule(finding.rule) === name && overlaps(finding, span))) counts.overlapped++
  if (isCovered(record.text, span, findings)) counts.covered++
  else
    errors.push({
      kind: 'not covered',
      class: name,
      record,
      start: span.start,
      end: span.end,
      rule: overlapping(findings, span),
    })
}

const overlapping = (findings: readonly Finding[], span: Range): string =>
  findings
    .filter((finding) => overlaps(finding, span))
    .map(({ rule }) => rule)
    .join('+')

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u

export function isCovered(text: string, span: Range, findings: readonly Range[]): boolean {
  for (let i = span.start; i < span.end; i++) {
    if (findings.some(({ start, end }) => i >= start && i < end)) continue
    if (LETTER_OR_DIGIT.test(text.charAt(i))) return false
  }
  return true
}

function countFinding(counts: ClassCounts, record: Annotated, finding: Finding, errors: ScoringError[]): void {
  const name = classOfRule(finding.rule)
  const gold = record.spans.filter((span) => classOfLabel(span.label) === name && overlaps(finding, span))
  counts.found++
  if (gold.some(({ start, end }) => start === finding.start && end === finding.end)) counts.exact++
  if (gold.length > 0) counts.right++
  else errors.push({ kind: 'false', class: name, record, ...finding })
}

function countUnlabelled(
  unlabelled: Map<string, { overlapping: number; all: number }>,
  record: Annotated,
  finding: Finding,
): void {
  const counts = unlabelled.get(finding.rule) ?? { overlapping: 0, all: 0 }
  unlabelled.set(finding.rule, counts)
  counts.all++
  if (record.spans.some((span) => overlaps(finding, span))) counts.overlapping++
}
