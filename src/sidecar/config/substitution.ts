/** Where substitutions read from; nothing else of the machine is reachable from a configuration. */
export interface SubstitutionSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Throws when the file can't be read. */
  readFile(path: string): string
}

/** What one `${…}` stands for. */
export interface Reference {
  readonly scheme: 'env' | 'file' | 'yaml'
  /** Name of the variable or the file; empty for `yaml`. */
  readonly name: string
  readonly text: string
}

export interface Substituted {
  readonly text: string
  /** The text was one `${…}` and nothing else: its value is YAML of its own, so that a port becomes a number. */
  readonly whole?: Reference
  readonly references: readonly Reference[]
  /** For warnings: names, never values. */
  readonly notices: readonly string[]
}

/** A `${…}` that can't be read. */
export class SubstitutionError extends Error {
  override readonly name = 'SubstitutionError'
}

/** References in one text, those inside others included. */
const REFERENCES_MAX = 1000
const SCHEME = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?<rest>[^]*)$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Stands for what a reference was replaced by, so that nothing in that is read as a reference. */
const MARK = /\0(\d+)\0/g

/**
 * Replaces `${env:X}`, `${X}`, `${env:X:-default}`, `${env:X:?message}`, `${file:path}`, `${yaml:…}` and `$$`, in the order of the stock collector's confmap: the innermost
 * first; an odd number of `$` before `${` makes it text. A text that comes out of a variable or a file is not searched again (the stock
 * collector does, and makes `$` of each `$$` in a password).
 */
export function substitute(text: string, sources: SubstitutionSources): Substituted {
  if (!text.includes('$')) return { text, references: [], notices: [] }
  if (text.includes('\0')) throw new SubstitutionError('a text with ${…} must not hold the character NUL')
  const references: Reference[] = []
  const notices: string[] = []
  const restored = (part: string): string => part.replace(MARK, (_, i: string) => references[Number(i)]?.text ?? '')
  let open = text
  for (let found = findReference(open, 0); found !== undefined; found = findReference(open, 0)) {
    if (references.length >= REFERENCES_MAX) throw new SubstitutionError('too many substitutions in one value')
    const reference = resolve(restored(open.slice(found.start + 2, found.end - 1)), sources, notices)
    if (found.start === 0 && found.end === open.length)
      return { text: reference.text, whole: reference, references: [...references, reference], notices }
    open = `${open.slice(0, found.start)}\0${references.length}\0${open.slice(found.end)}`
    references.push(reference)
  }
  if (/(?<!\$)(?:\$\$)*\$\{[^}]*$/.test(open)) notices.push('a ${ without its } stands as it is')
  return { text: restored(open.replaceAll('$$', '$')), references, notices }
}

interface Span {
  readonly start: number
  readonly end: number
}

/** The first `}` and the last `${` before it; where that is escaped, or there is none, the next. */
function findReference(text: string, from: number): Span | undefined {
  const close = text.indexOf('}', from)
  if (close < 0) return undefined
  const start = text.lastIndexOf('${', close)
  if (start < from) return findReference(text, close + 1)
  let dollars = 0
  while (start - dollars - 1 >= from && text[start - dollars - 1] === '$') dollars++
  return dollars % 2 === 1 ? findReference(text, close + 1) : { start, end: close + 1 }
}

function resolve(inside: string, sources: SubstitutionSources, notices: string[]): Reference {
  const { scheme, rest = '' } = SCHEME.exec(inside)?.groups ?? {}
  // A name of one letter is no scheme: `${X:-y}` is a variable.
  if (scheme === undefined || rest.startsWith('-') || scheme === 'env') {
    return variable(scheme === 'env' ? rest : inside, sources, notices)
  }
  if (scheme === 'file') return file(rest, sources)
  if (scheme === 'yaml') return { scheme, name: '', text: rest }
  const isRemote = scheme === 'http' || scheme === 'https'
  throw new SubstitutionError(
    isRemote
      ? 'nothing is fetched for a configuration; save it beside this file and write ${file:path}'
      : `there is no source ${scheme}; write \${env:NAME}, \${env:NAME:-default} or \${file:path}`,
  )
}

/** `NAME`, `NAME:-default` or `NAME:?what to do where it is missing`, as in a shell. */
const VARIABLE_WITH_REST = /^(?<name>[^:]*)(?:(?<how>:[-?])(?<rest>[^]*))?$/

function variable(inside: string, { env }: SubstitutionSources, notices: string[]): Reference {
  const { name = inside, how, rest = '' } = VARIABLE_WITH_REST.exec(inside)?.groups ?? {}
  if (!VARIABLE.test(name)) {
    throw new SubstitutionError(
      'this is no name of a variable; write ${env:NAME}, ${env:NAME:-default} or ${file:path}, and $${ for the text itself',
    )
  }
  const value = env[name]
  if (value !== undefined && value !== '') {
    if (value.includes('${')) notices.push(`the variable ${name} holds a \${, which is not replaced again`)
    return { scheme: 'env', name, text: value }
  }
  if (how === ':?') throw new SubstitutionError(`the variable ${name} is not set${rest === '' ? '' : `: ${rest}`}`)
  if (how === ':-') return { scheme: 'env', name: '', text: rest.replaceAll('$$', '$') }
  if (value === undefined) notices.push(`the variable ${name} is not set; nothing stands for it`)
  return { scheme: 'env', name, text: '' }
}

function file(name: string, { readFile }: SubstitutionSources): Reference {
  try {
    return { scheme: 'file', name, text: readFile(name).replace(/\r?\n$/, '') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new SubstitutionError(`can't read the file ${name}${code}`, { cause: error })
  }
}
