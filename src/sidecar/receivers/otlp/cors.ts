import type { HttpConfig } from './http-config.ts'
import type { AskingHead } from './http-handler.ts'

type CorsConfig = NonNullable<HttpConfig['cors']>

/** Headers that let a web page of an allowed origin send and read the answer; none for other origins. */
export function corsHeaders(cors: CorsConfig, { headers, method }: AskingHead): Record<string, string> {
  const { origin } = headers
  if (origin === undefined || !allowsOrigin(cors, origin)) return { vary: 'Origin' }
  const allowed: Record<string, string> = { vary: 'Origin', 'access-control-allow-origin': origin }
  if (cors.exposed_headers.length > 0) allowed['access-control-expose-headers'] = cors.exposed_headers.join(', ')
  if (method !== 'OPTIONS') return allowed
  allowed['access-control-allow-methods'] = 'POST'
  allowed['access-control-allow-headers'] = ['content-type', 'content-encoding', ...cors.allowed_headers].join(', ')
  if (cors.max_age !== undefined) allowed['access-control-max-age'] = String(cors.max_age)
  return allowed
}

export const allowsOrigin = (cors: HttpConfig['cors'], origin: string): boolean =>
  cors?.allowed_origins.some((pattern) => matches(pattern, origin)) === true

/** `https://*.example.com`: the star stands for any text. */
function matches(pattern: string, origin: string): boolean {
  const [start = '', ...rest] = pattern.toLowerCase().split('*')
  const text = origin.toLowerCase()
  if (rest.length === 0) return text === start
  const end = rest.at(-1) ?? ''
  if (rest.length > 1 || !text.startsWith(start)) return false
  return text.length >= start.length + end.length && text.endsWith(end)
}
