import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sharedData } from '../../support/shared-data.ts'

/** A text with what is sensitive in it; offsets are UTF-16 code units. */
export interface Annotated {
  readonly id: string
  readonly text: string
  readonly spans: readonly GoldSpan[]
  /** Records of one group belong together: messages of one conversation, sentences of one template. */
  readonly group: string
  readonly src: string
  /** Of encoded_variants: what is hidden, and how. */
  readonly value: string
  readonly variant: string
  readonly label: string
}

export interface GoldSpan {
  readonly start: number
  readonly end: number
  readonly label: string
}

interface Line {
  readonly id?: string
  readonly text?: string
  readonly group?: string
  readonly src?: string
  readonly value?: string
  readonly variant?: string
  readonly label?: string
  readonly reversed?: boolean
  readonly spans?: readonly { readonly s: number; readonly e: number; readonly label: string }[]
}

/** What in a data set carries a label; the others are negatives, leak tests or lists. */
export const annotatedSets = [
  'agent_structured_synth',
  'presidio_synth',
  'secrets_gitleaks_synth',
  'tau_agent_traces',
  'tau2_banking_users',
  'ambientmeta_subset',
  'nannigalaxy_nano',
  'uner_ewt',
  'wikigold',
  'gum_names',
] as const

/** Half of the groups of a set, told by their hash: errors are read in one half, what was learnt is checked on the other. */
export type Half = 'a' | 'b'

export const loadAnnotated = (name: string, half?: Half): Annotated[] =>
  linesOf(name)
    .map(annotated)
    .filter(({ group }) => half === undefined || halfOf(group) === half)

export const linesOf = (name: string): unknown[] =>
  gunzipSync(readFileSync(sharedData('pii', `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

const halfOf = (group: string): Half => ((createHash('sha256').update(group).digest()[0] ?? 0) & 1 ? 'b' : 'a')

function annotated(parsed: unknown): Annotated {
  const { id = '', text = '', group = '', src = '', value = '', variant = '', label = '', ...line } = parsed as Line
  const spans = (line.spans ?? []).map((span) => ({ start: span.s, end: span.e, label: span.label }))
  return { id, text: line.reversed === true ? turned(text, spans) : text, spans, group, src, value, variant, label }
}

/** Values that secret scanners would find stand reversed in the file. */
const turned = (text: string, [span]: readonly GoldSpan[]): string =>
  span === undefined
    ? text
    : text.slice(0, span.start) +
      text.slice(span.start, span.end).split('').toReversed().join('') +
      text.slice(span.end)
