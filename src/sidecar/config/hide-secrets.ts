/** Stands for what is hidden, as in the stock collector's print-config. */
export const HIDDEN = '[REDACTED]'

const SECRET_KEY =
  /token|secret|passw|api_?-?key|authorization|credential|cookie|hmac_key|private|key_pem|signature|dsn/i
/** Every value below these is hidden: which header holds a key is not for us to guess. */
const SECRET_MAP = /^(headers|response_headers|env)$/
/** Its keys name rules (`GITHUB_TOKEN: mask`). */
const RULE_MAP = 'actions'

/** A copy of a configuration that can be shown: values of secret keys, headers, and user names, passwords and queries in URLs are hidden. */
export function hideSecrets(value: unknown, isSecret = false, parent = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, isSecret))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        hideSecrets(inner, isSecret || (parent !== RULE_MAP && (SECRET_MAP.test(key) || SECRET_KEY.test(key))), key),
      ]),
    )
  }
  if (isSecret && value !== null && value !== '' && typeof value !== 'boolean') return HIDDEN
  return typeof value === 'string' ? hideInUrl(value) : value
}

const hideInUrl = (text: string): string =>
  text.replace(/(?<=[a-z]:\/\/)[^/\s@]+(?=@)/gi, HIDDEN).replace(/(?<=:\/\/[^\s?]*\?)[^\s#]+/g, HIDDEN)
