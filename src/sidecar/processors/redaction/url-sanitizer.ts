/** Parts of a path beyond this are cut off, as in the stock collector. */
const PARTS_MAX = 10
const SERVER = 2
const CLIENT = 3

export interface UrlSanitizerOptions {
  readonly attributes: readonly string[]
  readonly sanitize_span_name: boolean
}

/**
 * Makes few paths of many: parts that look like identifiers become `*`, query and fragment go. The stock collector asks a table of letter pairs whether a part is a
 * word; here a part is one unless it has digits, other signs than `-`, `_`, `.` and blanks, or letters in an order that no language has.
 */
export class UrlSanitizer {
  readonly #attributes: ReadonlySet<string>
  readonly #spanNames: boolean

  constructor({ attributes, sanitize_span_name: spanNames }: UrlSanitizerOptions) {
    this.#attributes = new Set(attributes)
    this.#spanNames = spanNames
  }

  attribute(key: string, url: string): string {
    return this.#attributes.has(key) ? sanitizedUrl(url) : url
  }

  /** Of client and server spans whose name holds a slash; a name of which nothing would be left stays. */
  spanName(name: string, kind: number): string {
    if (!this.#spanNames || (kind !== CLIENT && kind !== SERVER) || !name.includes('/')) return name
    const sanitized = sanitizedUrl(name)
    return /^[*/]*$/.test(sanitized) ? name : sanitized
  }
}

/** `https://example.com/users/42?q=x` becomes `https://example.com/users/*`. */
export function sanitizedUrl(url: string): string {
  const [, origin = '', path = ''] =
    /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*|[A-Z]{3,7} (?=\/))?([^?#&]*)/.exec(url) ?? []
  // Credentials in it are nothing to tell either.
  const host = origin.replace(/\/\/[^/]*@/, '//')
  const parts = path.split('/')
  return (
    host +
    parts
      .slice(0, PARTS_MAX + 1)
      .map((part) => (isWord(part) ? part : '*'))
      .join('/')
  )
}

function isWord(part: string): boolean {
  if (part === '' || part === '*' || /^v\d{1,2}$/.test(part)) return true
  if (/^\{\w+\}$|^:\w+$/.test(part)) return true
  if (!/^[A-Za-z._ -]+$/.test(part)) return false
  return part.split(/[._ -]|(?<=[a-z])(?=[A-Z])/).every(isPronounceable)
}

/** Words have vowels, and no long runs of other letters. */
function isPronounceable(word: string): boolean {
  if (word.length < 5 || /^[A-Z]+$/.test(word)) return word.length <= 24
  return (
    word.length <= 24 && /[aeiouy]/i.test(word) && !/[^aeiouy]{6}/i.test(word) && !/[a-z][A-Z][a-z]?[A-Z]/.test(word)
  )
}
