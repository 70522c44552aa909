import { RE2JS, RE2JSException } from 're2js'

/** Characters of a pattern, and steps that it is compiled to. */
export const PATTERN_CHARS_MAX = 2_000
export const PATTERN_PROGRAM_MAX = 20_000

export interface TextPattern {
  /** Whether it is found anywhere in the text, in time linear to the text. */
  test(text: string): boolean
  /** Names of its groups; undefined for one without a name. */
  readonly groupNames: readonly (string | undefined)[]
  /** Texts of the groups of the first match, in the order of `groupNames`; undefined = no match. */
  groups(text: string): readonly string[] | undefined
}

/** What is wrong with a pattern in RE2's syntax, undefined when it can be used. */
export function patternProblem(pattern: string): string | undefined {
  try {
    textPattern(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return error.message
  }
}

export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** Throws PatternError. */
export function textPattern(pattern: string): TextPattern {
  const compiled = compile(pattern)
  const groupNames: (string | undefined)[] = Array.from({ length: compiled.groupCount() }, () => undefined)
  for (const [name, index] of Object.entries(compiled.namedGroups())) groupNames[index - 1] = name
  return {
    test: (text) => compiled.test(text),
    groupNames,
    groups(text) {
      const matcher = compiled.matcher(text)
      return matcher.find() ? groupNames.map((_, i) => matcher.group(i + 1) ?? '') : undefined
    },
  }
}

function compile(pattern: string): RE2JS {
  if (pattern.length > PATTERN_CHARS_MAX)
    throw new PatternError(`a pattern has at most ${PATTERN_CHARS_MAX} characters`)
  try {
    const compiled = RE2JS.compile(pattern)
    const steps = compiled.programSize()
    if (steps <= PATTERN_PROGRAM_MAX) return compiled
    throw new PatternError(
      `the pattern is compiled to ${steps} steps, at most ${PATTERN_PROGRAM_MAX} are allowed; repeat less`,
    )
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw new PatternError(`${error.message}; the syntax is RE2's, without look-around and back-references`)
  }
}
