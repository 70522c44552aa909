import { LABEL_OTHER, LABEL_PERSON } from '../../src/redaction/names/name-tagger.ts'
import type { NameTokens } from '../../src/redaction/names/name-tokens.ts'

/** A text with what is marked in it; offsets are UTF-16 code units. */
export interface Example {
  readonly text: string
  readonly spans: readonly ExampleSpan[]
  /** Texts of one document or template: they are trained on, or measured with, together. */
  readonly group: string
  readonly source: string
}
export interface ExampleSpan {
  readonly start: number
  readonly end: number
  readonly label: 'PERSON' | 'PLACE' | 'ORGANISATION'
}

const encoder = new TextEncoder()

/** Tokens of a text with the number of the label (name-tagger.ts) of each. */
export function labelled(example: Example, tokens: NameTokens): { bytes: Uint8Array; labels: Uint8Array } {
  const bytes = encoder.encode(example.text)
  tokens.read(bytes, 0, bytes.length)
  const labels = new Uint8Array(tokens.length)
  const spans = example.spans.map(({ start, end, label }) => ({
    start: Buffer.byteLength(example.text.slice(0, start)),
    end: Buffer.byteLength(example.text.slice(0, end)),
    label: label === 'PERSON' ? LABEL_PERSON : LABEL_OTHER,
  }))
  for (let at = 0; at < tokens.length; at++) {
    const span = spans.find(
      ({ start, end }) => (tokens.start[at] as number) < end && (tokens.end[at] as number) > start,
    )
    if (span !== undefined) labels[at] = span.label
  }
  return { bytes, labels }
}
