import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { KnownValues } from '../../../redaction/known-values.ts'
import { liveSecretBytesMin, liveSecrets } from '../../../redaction/live-secrets.ts'
import type { Environment } from '../../component.ts'

/** The credentials in an environment, as values that nothing may show. What is kept are HMACs under a key that is made for this process. */
export function environmentSecrets(env: Environment): KnownValues {
  const key = createSecretKey(randomBytes(32))
  return liveSecrets(credentialsIn(env), (bytes, from, to) =>
    createHmac('sha256', key).update(bytes.subarray(from, to)).digest('base64'),
  )
}

/** Values of variables whose names say that they are secret, passwords in URLs, values of lists of headers. */
export function credentialsIn(env: Environment): readonly string[] {
  const values = new Set<string>()
  for (const [name, text = ''] of Object.entries(env)) {
    for (const password of passwordsIn(text)) values.add(password)
    if (!SECRET_NAME.test(name) || NO_SECRET_NAME.test(name)) continue
    for (const value of /HEADERS$/i.test(name) ? headerValues(text) : [text.trim()])
      if (isCredential(value)) values.add(value)
  }
  return [...values].map((value) => value.toWellFormed())
}

/** A value of one kind of characters (`production`, `00000000`) must be so long: shorter ones are words. */
const PLAIN_WORD_MIN = 16

const SECRET_NAME =
  /(^|_)(API_?KEY|KEY|TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|CREDENTIAL|CREDENTIALS|AUTH|AUTHORIZATION|PAT|DSN|SALT|COOKIE|HEADERS|JWT|PRIVATE)(_\d+|_[A-Z]|_BASE64|_B64|_VALUE)?$|SECRET|PASSWORD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_TOKEN/i
/** Names that say where something is, or what it is called. */
const NO_SECRET_NAME =
  /(^|_)(FILE|PATH|DIR|SOCK|ID|NAME|URL|URI|HOST|PORT|TTL|TYPE|USER|REGION|ENDPOINT|ENABLED|EXPIR\w*|ALGORITHM|LENGTH|LIMIT|MAX|MIN|TOKENS)$|^(OLD)?PWD$/i

function isCredential(value: string): boolean {
  if (Buffer.byteLength(value) < liveSecretBytesMin) return false
  // A place, or a switch.
  if (/^(\.{0,2}\/|~\/|[A-Z]:\\)/.test(value) || /^[a-z]+:\/\/[^@]*$/i.test(value)) return false
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length
  return kinds > 1
    ? !/^[A-Za-z]+([ _-][A-Za-z]+)?$/.test(value) || value.length >= PLAIN_WORD_MIN
    : value.length >= PLAIN_WORD_MIN
}

/** `postgres://user:password@host/…`. */
function passwordsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@]{0,256}:([^\s/@]{1,1024})@/gi)].flatMap(
    ([, password = '']) =>
      [password, decoded(password)].filter((value) => Buffer.byteLength(value) >= liveSecretBytesMin),
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `authorization=Bearer x,api-key=y`, as OTEL_EXPORTER_OTLP_HEADERS has them. */
const headerValues = (text: string): readonly string[] =>
  text.split(',').map((pair) =>
    decoded(pair.slice(pair.indexOf('=') + 1))
      .trim()
      .replace(/^(Bearer|Basic|Token) +/i, ''),
  )
