import { ConditionError } from './condition-error.ts'

export interface Token {
  readonly kind: 'name' | 'string' | 'int' | 'double' | 'bytes' | 'sign' | 'end'
  /** A name or sign as it stands; the content of a string, escapes resolved; the digits of a number. */
  readonly text: string
  /** Offset in the condition. */
  readonly at: number
}

export const CONDITION_CHARS_MAX = 10_000

const TOKEN =
  /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|"((?:[^"\\]|\\.)*)"|(0x[0-9a-fA-F]*)|(\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+|\d+[eE][+-]?\d+)|(\d+)|(==|!=|<=|>=|[<>()[\]{}.,+\-*/=:]))/suy

/** Throws ConditionError. */
export function tokensOf(condition: string): readonly Token[] {
  if (condition.length > CONDITION_CHARS_MAX) {
    throw new ConditionError(`a condition has at most ${CONDITION_CHARS_MAX} characters`, CONDITION_CHARS_MAX)
  }
  const tokens: Token[] = []
  let at = 0
  while (condition.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(condition)
    const start = at + (/^\s*/.exec(condition.slice(at))?.[0].length ?? 0)
    if (match === null) throw new ConditionError(problemAt(condition, start), start)
    const [, name, string, bytes, double, int, sign] = match
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at: start })
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescaped(string, start), at: start })
    else if (bytes !== undefined) tokens.push({ kind: 'bytes', text: bytes.slice(2), at: start })
    else if (double !== undefined) tokens.push({ kind: 'double', text: double, at: start })
    else if (int !== undefined) tokens.push({ kind: 'int', text: int, at: start })
    else tokens.push({ kind: 'sign', text: sign ?? '', at: start })
    at = TOKEN.lastIndex
  }
  return [...tokens, { kind: 'end', text: '', at: condition.length }]
}

function problemAt(condition: string, at: number): string {
  const char = condition.charAt(at)
  if (char === '"') return 'the string has no end'
  if (char === "'") return 'strings stand in double quotes'
  if (char === '&' || char === '|') return `write ${char === '&' ? 'and' : 'or'} for ${char}${char}`
  if (char === '!') return 'write not for !'
  return `${JSON.stringify(char)} means nothing here`
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' }

/** Escapes as in Go: what is none of them is the character itself, so that `\\.` and `\.` both reach a pattern. */
function unescaped(text: string, at: number): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gsu, (_, escape: string) => {
    if (escape.length > 1) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    if (escape === '\\' || escape === '"') return escape
    const char = ESCAPES[escape]
    if (char !== undefined) return char
    throw new ConditionError(`\\${escape} is no escape; write \\\\${escape} for a backslash in a pattern`, at)
  })
}
