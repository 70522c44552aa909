/** The start of an HTTP/1.1 request whose body has a known length. */
export interface RequestHead {
  readonly method: 'POST'
  /** As sent, with the query. */
  readonly url: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the body, in bytes. */
  readonly contentLength: number
  /** The client wants the connection closed after the answer. */
  readonly isLast: boolean
  /** Where the body begins. */
  readonly bytes: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const HEADERS_MAX = 64
const REQUEST_LINE = /^POST (\/[!-~]*) HTTP\/1\.1$/
/**
 * RFC 9110 §5.1 and §5.5, without optional white space around the value. Of that there is little in front: with any number, a line of blanks would be gone
 * through for each of them.
 */
const HEADER =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]{0,4}((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*$/
const CONTENT_LENGTH = /^\d{1,15}$/
/** They change what follows the head, or who answers. */
const UNUSUAL = ['transfer-encoding', 'expect', 'upgrade', 'trailer', 'proxy-connection'] as const

/**
 * Reads the plain case only: a whole head of RFC 9112 in which nothing is unusual, repeated or doubtful. Undefined for everything else, right or
 * wrong: node:http decides on that. What is returned node:http reads in the same way.
 */
export function parseRequestHead(bytes: Buffer): RequestHead | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) return undefined
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [, url] = REQUEST_LINE.exec(requestLine) ?? []
  if (url === undefined) return undefined
  const headers = headersOf(lines)
  if (headers === undefined || UNUSUAL.some((name) => headers[name] !== undefined)) return undefined
  const { host, connection = 'keep-alive', 'content-length': length = '' } = headers
  if (host === undefined || !CONTENT_LENGTH.test(length)) return undefined
  const option = connection.toLowerCase()
  if (option !== 'keep-alive' && option !== 'close') return undefined
  const isLast = option === 'close'
  return { method: 'POST', url, headers, contentLength: Number(length), isLast, bytes: end + HEAD_END.length }
}

/** Undefined when a line is not a header or a name comes twice. */
function headersOf(lines: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (lines.length > HEADERS_MAX) return undefined
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    const key = name.toLowerCase()
    if (headers[key] !== undefined) return undefined
    headers[key] = value
  }
  return headers
}
