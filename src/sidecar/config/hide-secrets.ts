import type { ConfigPath } from './problem.ts'

/** Stands for what is hidden, as in the stock collector's print-config. */
export const HIDDEN = '[REDACTED]'

/** Of a key, or of an environment variable. */
export const isSecretName = (name: string): boolean => SECRET_KEY.test(name)

const SECRET_KEY =
  /token|secret|passw|api_?-?key|authorization|credential|cookie|hmac_key|private|key_pem|signature|dsn/i
/** Every value below these is hidden: which header holds a key is not for us to guess, and URLs of webhooks are keys mostly. */
const SECRET_MAP = /^(headers|response_headers|env|webhooks)$/
/** A program and its arguments. */
const PROGRAM = 'argv'
/** Its keys name rules (`GITHUB_TOKEN: mask`). */
const RULE_MAP = 'actions'

/**
 * A copy of a configuration that can be shown. Hidden are values of secret keys, headers, what `isSecret` says, and of URLs the user names, passwords, queries
 * and fragments.
 */
export function hideSecrets(value: unknown, isSecret: (path: ConfigPath) => boolean = () => false): unknown {
  return hidden(value, [], false)

  function hidden(part: unknown, path: ConfigPath, isBelowSecret: boolean): unknown {
    if (Array.isArray(part)) {
      // Which argument of a program is a key is not for us to guess either; which program it is tells none.
      const isArguments = path.at(-1) === PROGRAM
      return part.map((item: unknown, i) => hidden(item, [...path, i], isBelowSecret || (isArguments && i > 0)))
    }
    if (typeof part === 'object' && part !== null) {
      const isRuleMap = path.at(-1) === RULE_MAP
      return Object.fromEntries(
        Object.entries(part).map(([key, inner]) => {
          const isSecretKey = !isRuleMap && !isFileKey(key) && (SECRET_MAP.test(key) || SECRET_KEY.test(key))
          return [key, hidden(inner, [...path, key], isBelowSecret || isSecretKey)]
        }),
      )
    }
    if (part === null || part === '' || typeof part === 'boolean') return part
    if (isBelowSecret || isSecret(path)) return HIDDEN
    return typeof part === 'string' ? hideInText(part) : part
  }
}

/** Names of files are no secrets: `key_file`, `hmac_key_file`, `token_file`. */
const isFileKey = (key: string): boolean => /_(file|path|folder|directory)$/.test(key)

/** A scheme, then everything up to the last @ before a space: passwords are written unescaped more often than not. */
const CREDENTIALS = /(?<=[a-z][a-z0-9+.-]*:\/\/)[^\s]+(?=@)/gi
/** Database connection texts: `password=x`. */
const ASSIGNED = /(?<=\b(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key)\s*[=:]\s*)[^\s;,&]+/gi

const hideInText = (text: string): string =>
  text
    .replace(CREDENTIALS, HIDDEN)
    .replace(/(?<=:\/\/[^\s?#]*[?#])[^\s]+/g, HIDDEN)
    .replace(ASSIGNED, HIDDEN)
    .replace(/\b(Bearer|Basic)\s+[^\s]+/gi, (_, scheme: string) => `${scheme} ${HIDDEN}`)
