import type { z } from 'zod'
import type { stockConfig } from './stock-config.ts'

export type DatabaseSanitizerOptions = NonNullable<z.output<(typeof stockConfig)['db_sanitizer']>>

const INTERNAL = 1
const SERVER = 2
const CLIENT = 3

/** Which databases (`db.system.name`) each key of the configuration is about. */
const SYSTEMS = {
  sql: [
    'other_sql',
    'mysql',
    'postgresql',
    'mariadb',
    'sqlite',
    'microsoft.sql_server',
    'mssql',
    'oracle.db',
    'oracle',
    'cockroachdb',
  ],
  redis: ['redis'],
  valkey: ['valkey'],
  memcached: ['memcached'],
  mongo: ['mongodb'],
  opensearch: ['opensearch'],
  es: ['elasticsearch'],
} as const
type Name = keyof typeof SYSTEMS
const NAMES: readonly Name[] = ['sql', 'redis', 'valkey', 'memcached', 'mongo', 'opensearch', 'es']

/** Takes the values out of database queries and leaves their form. What can't be read is masked, where the stock collector would let it pass. */
export class DatabaseSanitizer {
  readonly #options: DatabaseSanitizerOptions
  readonly #bySystem = new Map<string, Name>()
  readonly #attributes: ReadonlySet<string>

  constructor(options: DatabaseSanitizerOptions) {
    this.#options = options
    const enabled = NAMES.filter((name) => options[name].enabled)
    for (const name of enabled) for (const system of SYSTEMS[name]) this.#bySystem.set(system, name)
    this.#attributes = new Set(enabled.flatMap((name) => options[name].attributes))
  }

  attribute(key: string, query: string, systemOf: () => string): string {
    if (!this.#attributes.has(key)) return query
    const system = systemOf()
    const known = this.#bySystem.get(system)
    if (known !== undefined) return this.#options[known].attributes.includes(key) ? sanitizers[known](query) : query
    if (system !== '' || !this.#options.allow_fallback_without_system) return query
    return NAMES.filter((name) => this.#options[name].enabled && this.#options[name].attributes.includes(key)).reduce(
      (text, name) => sanitizers[name](text),
      query,
    )
  }

  spanName(name: string, kind: number, systemOf: () => string): string {
    if (!this.#options.sanitize_span_name || (kind !== INTERNAL && kind !== SERVER && kind !== CLIENT)) return name
    if (this.#bySystem.size === 0) return name
    const known = this.#bySystem.get(systemOf())
    return known === undefined ? name : sanitizers[known](name)
  }
}

/** Strings (with doubled or escaped quotes), dollar quotes and numbers become `?`; what a quote opens and nothing closes goes to the end. Comments go, too. */
export function sanitizedSql(query: string): string {
  return query.replace(
    /'(?:[^'\\]|''|\\[^])*(?:'|$)|\$(\w*)\$[^]*?(?:\$\1\$|$)|"(?:[^"\\]|\\[^])*$|--[^\n]*|\/\*[^]*?(?:\*\/|$)|(?<![\w.$])-?\d[\w.]*/g,
    (literal) => (literal.startsWith('--') || literal.startsWith('/*') ? '' : '?'),
  )
}

/** The command of each line, and one `?` for all of its arguments. */
const sanitizedRedis = (query: string): string => query.replaceAll(/^[ \t]*(\S+)[^\S\n]+\S[^\n]*/gm, '$1 ?')

/** What is stored stands behind the first line. */
const sanitizedMemcached = (query: string): string => query.split(/\r?\n/, 1)[0] ?? ''

/** Every value of the JSON becomes `?`, keys and form stay. What is no JSON, such as the path of a request, has no values; what was cut off is masked. */
function sanitizedJson(query: string): string {
  const text = query.trim()
  if (!text.startsWith('{') && !text.startsWith('[')) return query
  try {
    return JSON.stringify(withoutValues(JSON.parse(text)))
  } catch {
    return '?'
  }
}

function withoutValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutValues)
  if (typeof value !== 'object' || value === null) return '?'
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutValues(inner)]))
}

const sanitizers: Readonly<Record<Name, (query: string) => string>> = {
  sql: sanitizedSql,
  redis: sanitizedRedis,
  valkey: sanitizedRedis,
  memcached: sanitizedMemcached,
  mongo: sanitizedJson,
  opensearch: sanitizedJson,
  es: sanitizedJson,
}
