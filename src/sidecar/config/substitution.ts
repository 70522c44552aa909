/** Where substitutions read from; nothing else of the machine is reachable from a configuration. */
export interface SubstitutionSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Throws when the file can't be read. */
  readFile(path: string): string
}

export interface Substituted {
  readonly text: string
  /** The text was one `${…}` and nothing else: its value is YAML of its own, so that a port becomes a number. */
  readonly isWhole: boolean
  /** What was not there, for warnings: names of variables, never values. */
  readonly unset: readonly string[]
}

/** A `${…}` that can't be read. */
export class SubstitutionError extends Error {
  override readonly name = 'SubstitutionError'
}

const DEPTH_MAX = 8
const REFERENCE = /^(?:(?<scheme>[a-z]+):)?(?<name>[^]*?)$/
const VARIABLE = /^(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>[^]*))?$/

/** Replaces `${env:X}`, `${X}`, `${env:X:-default}` (the default may hold more of them), `${file:path}` and `$$`, as the stock collector does. */
export function substitute(text: string, sources: SubstitutionSources, depth = 0): Substituted {
  if (!text.includes('$')) return { text, isWhole: false, unset: [] }
  if (depth > DEPTH_MAX) throw new SubstitutionError('substitutions nested too deep')
  const unset: string[] = []
  let out = ''
  let isWhole = false
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) return { text: out + text.slice(at), isWhole, unset }
    out += text.slice(at, dollar)
    const follows = text[dollar + 1]
    if (follows === '{') {
      const end = closingBrace(text, dollar + 2)
      const resolved = resolve(text.slice(dollar + 2, end), sources, depth)
      isWhole = dollar === 0 && end === text.length - 1
      unset.push(...resolved.unset)
      out += resolved.text
      at = end + 1
    } else {
      out += '$'
      at = dollar + (follows === '$' ? 2 : 1)
    }
  }
  return { text: out, isWhole, unset }
}

function closingBrace(text: string, from: number): number {
  let open = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '$' && text[at + 1] === '{') open++
    if (text[at] === '}' && --open === 0) return at
  }
  throw new SubstitutionError('a ${ without its }')
}

function resolve(reference: string, sources: SubstitutionSources, depth: number): Omit<Substituted, 'isWhole'> {
  const variable = VARIABLE.exec(reference.startsWith('env:') ? reference.slice(4) : reference)?.groups
  if (variable !== undefined) {
    const name = variable['name'] ?? ''
    const value = sources.env[name]
    if (value !== undefined && value !== '') return { text: value, unset: [] }
    const fallback = variable['fallback']
    if (fallback !== undefined) return substitute(fallback, sources, depth + 1)
    return { text: '', unset: [name] }
  }
  const { scheme, name = '' } = REFERENCE.exec(reference)?.groups ?? {}
  if (scheme !== 'file') throw new SubstitutionError('write it as ${env:NAME}, ${env:NAME:-default} or ${file:path}')
  try {
    return { text: sources.readFile(name).replace(/\r?\n$/, ''), unset: [] }
  } catch (error) {
    throw new SubstitutionError(`can't read the file ${name}`, { cause: error })
  }
}
