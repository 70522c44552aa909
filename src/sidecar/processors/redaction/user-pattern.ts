import { RE2JS, RE2JSException } from 're2js'
import type { Pattern } from '../../../redaction/redactor.ts'
import { requiredLiteral } from './required-literal.ts'

/** Characters of a regular expression of the user's, and steps that it is compiled to. */
export const REGEX_CHARS_MAX = 2_000
export const REGEX_PROGRAM_MAX = 20_000
/** Time for the matches of one expression in one value; what is left of the value then is masked. Finding all matches is not linear for every expression. */
export const PATTERN_MS_MAX = 50
/** The clock is looked at after so many matches. */
const MATCHES_PER_LOOK = 32

/** What is wrong with a regular expression in RE2's syntax, in words for whoever wrote it; undefined when it can be used. */
export function regexProblem(regex: string): string | undefined {
  if (regex.length > REGEX_CHARS_MAX) return `a regular expression has at most ${REGEX_CHARS_MAX} characters`
  try {
    const compiled = RE2JS.compile(regex)
    if (compiled.programSize() > REGEX_PROGRAM_MAX)
      return `it is compiled to ${compiled.programSize()} steps, at most ${REGEX_PROGRAM_MAX} are allowed; repeat less`
    return compiled.test('') ? 'it matches the empty text, so it would match everywhere' : undefined
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return `${error.message}; the syntax is RE2's, without look-around and back-references`
  }
}

/** A regular expression over whole texts, for keys and values that are allowed. Throws when it can't be compiled. */
export function textMatcher(regex: string): (text: string) => boolean {
  const compiled = RE2JS.compile(regex)
  return (text) => compiled.test(text)
}

/** A regular expression of the user's as something to look for. Throws when it can't be compiled. */
export function userPattern(type: string, regex: string, monotonicMs: () => number): Pattern {
  const compiled = RE2JS.compile(regex)
  const literal = Buffer.from(requiredLiteral(regex))
  return {
    type,
    confidence: 1,
    mayMatch(bytes, start, end) {
      return literal.length === 0 || asBuffer(bytes).subarray(start, end).includes(literal)
    },
    find(bytes, start, end, report) {
      const matcher = compiled.matcher(bytes.subarray(start, end))
      let startedMs: number | undefined
      for (let matches = 1; matcher.find(); matches++) {
        // An expression that needs something can still match nothing in the middle of a text: \b, for one.
        if (matcher.end() > matcher.start()) report(start + matcher.start(), start + matcher.end())
        if (matches % MATCHES_PER_LOOK !== 0) continue
        startedMs ??= monotonicMs()
        if (monotonicMs() - startedMs < PATTERN_MS_MAX) continue
        report(start + matcher.start(), end)
        return
      }
    },
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
