import * as z from 'zod'
import { regexProblem } from './user-pattern.ts'

/** A list of regular expressions as the stock collector takes them: they may match the empty text. */
const regexes = z.array(
  z.string().superRefine((regex, context) => {
    const problem = regexProblem(regex)
    if (problem !== undefined && !problem.includes('empty text')) context.addIssue({ code: 'custom', message: problem })
  }),
)

const database = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether it applies.'),
    attributes: z.array(z.string()).default([]).describe('Keys of the attributes that hold queries.'),
  })
  .prefault({})

/** The keys of the stock collector's redaction processor, with its meaning. One of them, and the block is read as one of that collector's. */
export const stockConfig = {
  allow_all_keys: z
    .boolean()
    .optional()
    .describe(
      'Stock collector: keep attributes that allowed_keys does not name. Its default is false: with any of its keys, attributes that are not named go.',
    ),
  allowed_keys: z
    .array(z.string())
    .optional()
    .describe('Stock collector: keys of the attributes that stay and are looked at.'),
  ignored_keys: z.array(z.string()).optional().describe('Stock collector: keys of attributes that pass as they are.'),
  ignored_key_patterns: regexes.optional().describe('Stock collector: the same, by regular expressions (RE2).'),
  blocked_key_patterns: regexes
    .optional()
    .describe('Stock collector: regular expressions (RE2); the values of attributes whose keys match become ****.'),
  blocked_values: regexes
    .optional()
    .describe('Stock collector: regular expressions (RE2); what matches in any text becomes ****.'),
  allowed_values: regexes
    .optional()
    .describe(
      'Stock collector: regular expressions (RE2) for what is not masked. Only the finding that is a part of such a match stays, never all of the value around it, as there.',
    ),
  redact_all_types: z
    .boolean()
    .optional()
    .describe(
      'Stock collector: apply blocked_values to numbers, too. Lists and maps are looked at in any case, and stay what they are.',
    ),
  hash_function: z
    .enum(['', 'md5', 'sha1', 'sha3', 'hmac-sha256', 'hmac-sha512'])
    .default('')
    .describe('Stock collector: put a hash instead of ****. Only the hmac ones cannot be undone by trying.'),
  hmac_key: z
    .string()
    .optional()
    .describe(
      'Stock collector: key of hmac-sha256 (at least 32 bytes) and hmac-sha512 (64); take it from the environment.',
    ),
  url_sanitizer: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Whether it applies.'),
      attributes: z.array(z.string()).default([]).describe('Keys of the attributes that hold URLs.'),
      sanitize_span_name: z
        .boolean()
        .default(true)
        .describe('Names of client and server spans that hold a slash, too.'),
    })
    .optional()
    .describe('Stock collector: parts of the paths of URLs that look like identifiers become *, queries go.'),
  db_sanitizer: z
    .strictObject({
      sanitize_span_name: z.boolean().default(true).describe('Names of the spans of database calls, too.'),
      allow_fallback_without_system: z
        .boolean()
        .default(false)
        .describe(
          'Take the attributes of a span that names no database (db.system.name) for queries of all those that are enabled.',
        ),
      sql: database.describe('Literals of SQL become ?.'),
      redis: database.describe('Arguments of commands become ?.'),
      valkey: database.describe('As redis.'),
      memcached: database.describe('The command line stays.'),
      mongo: database.describe('Values of the JSON become ?.'),
      opensearch: database.describe('As mongo.'),
      es: database.describe('As mongo.'),
    })
    .optional()
    .describe('Stock collector: values in database queries become ?.'),
} as const

const stockKeys = Object.keys(stockConfig)

/** Whether a block is one of the stock collector's. `summary` is a key of both. */
export const isStock = (written: object): boolean =>
  stockKeys.some(
    (key) =>
      key in written &&
      Reflect.get(written, key) !== undefined &&
      !(key === 'hash_function' && Reflect.get(written, key) === ''),
  )
