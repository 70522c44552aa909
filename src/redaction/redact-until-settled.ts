import type { RedactedText, Redactor } from './redactor.ts'

/** Passes over one text; each sees the placeholders of those before it. */
const PASSES_MAX = 4

/**
 * Redacts a text until nothing more is found in the result. Rules need one pass; the names model looks at neighbours, and a placeholder beside a word may tell
 * what the value before did not. The hits are those of all passes, in the text that was handed in.
 */
export function redactUntilSettled(redactor: Pick<Redactor, 'redactText'>, text: string, label?: string): RedactedText {
  let redacted = redactor.redactText(text, label)
  for (let pass = 1; pass < PASSES_MAX && redacted.hits.length > 0; pass++) {
    const again = redactor.redactText(redacted.text, label)
    if (again.hits.length === 0) break
    redacted = { text: again.text, hits: composed(redacted.hits, again.hits) }
  }
  return redacted
}

type Hits = RedactedText['hits']
type Hit = Hits[number]

/** Later hits stand in the text that the earlier ones left; one that touches a replacement takes all that was replaced. */
function composed(earlier: Hits, later: Hits): Hits {
  const all: Hit[] = []
  let next = 0
  /** Code units by which the text behind the hits so far has moved. */
  let moved = 0
  for (const hit of later) {
    let { start, end } = hit
    for (let one = earlier[next]; one !== undefined && endIn(one, moved) <= start; one = earlier[++next]) {
      all.push(one)
      moved += growthOf(one)
    }
    let from = start - moved
    let to = end - moved
    for (let one = earlier[next]; one !== undefined && one.start + moved < end; one = earlier[++next]) {
      from = Math.min(from, one.start)
      moved += growthOf(one)
      to = Math.max(one.end, end - moved)
    }
    all.push({ ...hit, start: from, end: to })
  }
  return [...all, ...earlier.slice(next)]
}

const growthOf = ({ start, end, replacement }: Hit): number => replacement.length - (end - start)
const endIn = ({ start, replacement }: Hit, moved: number): number => start + moved + replacement.length
