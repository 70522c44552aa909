import { wireFormatOf } from '../../limits/call-bound/wire-formats.ts'
import type { WireFormat } from '../../limits/call-bound/wire-formats.ts'

/**
 * Whether a request to a provider costs nothing by its path: files, counts of tokens, moderations, identity. What is neither free nor a call whose price can be bounded (batches,
 * fine-tuning, videos, containers) is denied where a budget is set. A path that ends as a model's does is never free, whatever stands before.
 */
export function isFreePath(path: string): boolean {
  const [query = ''] = path.split('?', 1)
  const bare = query.replace(/\/+$/, '')
  // Who is asked may read an escaped letter as itself, or not.
  return isFree(bare) && isFree(decoded(bare))
}

function isFree(path: string): boolean {
  const format = formatOf(path)
  if (format !== undefined) return format.name === 'openai.moderations'
  const cancelled = CANCEL.exec(path)?.[1]
  if (cancelled !== undefined) return formatOf(cancelled) === undefined
  return FREE_ENDS.test(path) || FREE_STARTS.test(behindVersion(path))
}

const formatOf = (path: string): WireFormat | undefined => wireFormatOf(path) ?? wireFormatOf(path.toLowerCase())

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What a path is about: `/files/f-1` of `/api/v1/files/f-1`. A client library's own paths may have no version. */
function behindVersion(path: string): string {
  const segments = path.split('/')
  const version = segments.findLastIndex((segment) => VERSION.test(segment))
  return version === -1 ? path.replace(/^\/openai(?=\/)/, '') : `/${segments.slice(version + 1).join('/')}`
}

const VERSION = /^v\d+((alpha|beta)\d*)?$/
const FREE_STARTS =
  /^\/(files|uploads|moderations|conversations|vector_stores|containers\/[^/]+|skills|oauth2?|auth)(\/|$)/
const CANCEL = /^(.*\/[^/]+\/[^/]+)[/:]cancel$/
const FREE_ENDS =
  /\/messages\/count_tokens$|\/responses\/input_tokens$|\/model\/[^/]+\/count-tokens$|\/models\/[^/]+:countTokens$|^(\/v\d+)?\/(tokenize|detokenize)$|^(\/oauth2?(\/v\d+)?)?\/token$|\/issueToken$/
