import * as z from 'zod'
import { lowEntropyTypes, maskKeepDefault } from '../../../redaction/actions.ts'
import { BLOCKED_TYPE, globSegmentsMax, globsMax } from '../../../redaction/keys/path-rules.ts'
import { LIVE_TYPE } from '../../../redaction/known-values.ts'
import { NAME_TYPE } from '../../../redaction/names/name-type.ts'
import { MASK_KEEP_MAX } from '../../../redaction/own-marks.ts'
import { LIMIT_TYPE } from '../../../redaction/placeholders.ts'
import { redactionLimits } from '../../../redaction/redactor.ts'
import { rules, ruleTypes } from '../../../redaction/rules.ts'
import { traceValuesLimits } from '../../../redaction/trace-values.ts'
import { duration } from '../../config-types.ts'
import { isStock, stockConfig } from './stock-config.ts'
import { bareName, namesProblem } from './choose-rules.ts'
import { regexProblem } from './user-pattern.ts'

/** Families of rules: configuration names a family for all of its rules. */
export const ruleFamilies: readonly string[] = [...new Set(rules.map(({ family }) => family))]

const simpleActions = ['replace', 'mask', 'pseudonym', 'keep', 'drop_attribute', 'drop_item', 'block'] as const
const action = z
  .union([
    z.enum(simpleActions),
    z.strictObject({
      mask: z.strictObject({
        keep_last: z
          .int()
          .min(0)
          .max(MASK_KEEP_MAX)
          .default(maskKeepDefault)
          .describe('Letters and digits at the end that stay; never more than half of them.'),
        keep_domain: z.boolean().default(false).describe('Keep the domain of an e-mail address instead.'),
      }),
    }),
  ])
  .describe(
    'replace: a placeholder such as [REDACTED:EMAIL]. mask: ****1111. pseudonym: a token such as <EMAIL:4fq2…>, the same for the same value. keep: nothing, it is only counted. ' +
      'drop_attribute: the attribute around it goes, key and value. drop_item: the span, log record or data point goes. block: the whole request is refused.',
  )
export type ConfiguredAction = z.output<typeof action>

/** There are too many rules to tell all. */
function advice(name: string, known: readonly string[]): string {
  const wanted = name.replace(/^-/, '').toUpperCase()
  const parts = wanted.split('_').filter((part) => part.length > 2)
  const near = known.filter(
    (one) => one.toUpperCase().includes(wanted) || one.split('_').some((part) => parts.includes(part)),
  )
  const meant = near.length === 0 ? '' : `; did you mean ${near.slice(0, 4).join(' or ')}?`
  return `${meant} Families are ${ruleFamilies.join(', ')}; types stand in docs/redaction.md`.replace(/^ /, '; ')
}

const ruleName = z.string().superRefine((name, context) => {
  const known = [...ruleTypes, ...ruleFamilies]
  if (known.includes(bareName(name))) return
  context.addIssue({ code: 'custom', message: `there is no rule ${name}${advice(name, known)}` })
})

const typeName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'write it in capitals, digits and underscores, as in ORDER_ID')
  .refine(
    (name) => !ruleTypes.includes(name) && name !== LIMIT_TYPE && name !== LIVE_TYPE,
    'a rule has that name already',
  )

const pattern = z.strictObject({
  name: typeName.describe('What it is called in placeholders, counters and summaries.'),
  regex: z
    .string()
    .superRefine((regex, context) => {
      const problem = regexProblem(regex)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
    })
    .describe(
      'A regular expression in the syntax of RE2, found anywhere in a text. Texts without the longest run of plain characters that every match has (ORD- in ORD-\\d+) cost next to nothing; ' +
        'without such a run the expression is run on every text, which costs 2 µs each and 0.1 s a megabyte.',
    ),
  action: action.default('replace'),
})

const actions = z.record(z.string(), action).superRefine((chosen, context) => {
  const known = ['default', ...ruleFamilies, ...ruleTypes, BLOCKED_TYPE, LIVE_TYPE]
  for (const [name, one] of Object.entries(chosen)) {
    const problem = known.includes(name)
      ? one === 'pseudonym' && lowEntropyTypes.has(name)
        ? `${name} has so few values that a token would tell which one it is; use replace or drop_attribute`
        : undefined
      : `there is no rule or family ${name}${advice(name, known)}`
    if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem })
  }
})

const pseudonyms = z
  .strictObject({
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe('File with the key, at least 32 bytes; a line break at its end does not count.'),
    key_env: z.string().min(1).optional().describe('Environment variable with the key, at least 32 characters.'),
    key_id: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/, 'write it in small letters and digits, as in k3')
      .optional()
      .describe(
        'Told in each token (<EMAIL:4fq2…~k3>), so that tokens of the next key are told apart. Change it with the key.',
      ),
    tenant: z.string().default('').describe('Tokens of one tenant say nothing about those of another.'),
    tenant_attribute: z
      .string()
      .min(1)
      .optional()
      .describe('Resource attribute that names the tenant of its spans, records and points, beside `tenant`.'),
    cache_max: z
      .int()
      .min(0)
      .default(4_096)
      .describe('Tokens remembered together with their values, in memory only; 0: none, each is computed anew.'),
  })
  .refine(({ key_file, key_env }) => (key_file === undefined) !== (key_env === undefined), {
    message: 'one of key_file and key_env says where the key is; it does not stand in the configuration itself',
  })

const path = z
  .string()
  .min(1)
  .refine((text) => text.split('.').length < globSegmentsMax, `a path has at most ${globSegmentsMax - 1} names`)

const blockedKey = z.union([
  path,
  z.strictObject({
    path: path.describe('Path of keys, with * and **.'),
    name: typeName
      .default(BLOCKED_TYPE)
      .describe('What the values are called in placeholders, counters and summaries.'),
    action: action.default('replace'),
  }),
])

const keys = z.strictObject({
  blocked: z
    .array(blockedKey)
    .max(globsMax)
    .default([])
    .describe('Paths whose values are taken out, whatever they are, with all below.'),
  allowed: z
    .array(path)
    .max(globsMax)
    .default([])
    .describe('Paths whose values stay, as far as they are a value of their own: not what stands below them.'),
  ignored: z.array(path).max(globsMax).default([]).describe('Paths at which nothing is taken out, with all below.'),
})

const propagation = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether it is done.'),
  traces_max: z
    .int()
    .positive()
    .default(traceValuesLimits.tracesMax)
    .describe('Traces whose values are remembered; beyond it those not seen for longest are forgotten.'),
  values_per_trace_max: z
    .int()
    .positive()
    .default(traceValuesLimits.valuesPerTraceMax)
    .describe('Values remembered of one trace.'),
})

const names = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether it is done.'),
  module: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A module of yours in place of the built-in model, as a path: it exports findNames(texts), which resolves to a list of {start, end, type, confidence} for each text.',
    ),
  types: z
    .array(z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'write it in capitals, digits and underscores, as in PERSON'))
    .min(1)
    .max(32)
    .default([NAME_TYPE])
    .describe('Types of the module that are taken out; the built-in model knows PERSON only.'),
  confidence_min: z.number().min(0).max(1).default(0.4).describe('Findings below it are left alone.'),
  bytes_per_second: z
    .int()
    .positive()
    .default(5_000_000)
    .describe('Bytes of content looked at a second, on average. What is beyond is masked as a whole, as NAMES_LIMIT.'),
  waiting_bytes_max: z
    .int()
    .positive()
    .default(16_777_216)
    .describe('Bytes of content that may wait for the thread; what is beyond is masked as a whole.'),
  timeout: duration
    .default(2_000)
    .describe('How long a batch waits for the thread; its content is masked as a whole then, and the thread replaced.'),
})
export type NamesConfig = z.output<typeof names>

export const redactionConfig = z
  .strictObject({
    rules: z
      .array(ruleName)
      .superRefine((names, context) => {
        const problem = namesProblem(names)
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
      })
      .optional()
      .describe(
        'Rules to apply, by type (EMAIL) or family (payment): exactly these, or with a sign in front the default rules without one (-EMAIL) and with more (+USER_ID). All default rules when absent; none when empty.',
      ),
    actions: actions
      .default({})
      .describe(
        'What is done with what is found, by type, family, or `default`: the first of these that is given. Without it, replace.',
      ),
    patterns: z.array(pattern).max(100).default([]).describe('Texts of your own to look for, beside the rules.'),
    keys: keys
      .prefault({})
      .describe(
        'Values by the path of keys that leads to them: the key of the attribute, then those of maps in it and of JSON in its text, with dots between (gen_ai.tool.call.arguments.customer.email). ' +
          '* stands for any part of one name, ** for any number of names; case does not count. Where several match, allowed wins over ignored over blocked.',
      ),
    blocked_keys: z.array(blockedKey).max(globsMax).default([]).describe('The same as keys.blocked.'),
    propagation: propagation
      .prefault({})
      .describe(
        'Values that keys have named, such as the name in first_name, are taken out wherever they stand in the same trace.',
      ),
    names: names
      .prefault({})
      .describe(
        "Persons' names in content (messages, arguments and results of tools, bodies of log records, attributes of events) are looked for in a thread of its own. About four in five are found in English text, fewer elsewhere; " +
          'docs/redaction.md has the measurements. Content that could not be looked at is masked, never passed.',
      ),
    live_secrets: z
      .boolean()
      .default(true)
      .describe(
        'Take out the credentials in the environment that the sidecar was started with (`spanwarden run`: also those of the agent), plain, in base64 and URL-encoded. They are kept as HMACs only.',
      ),
    pseudonyms: pseudonyms.optional().describe('The key of the tokens that the action pseudonym makes.'),
    dry_run: z
      .boolean()
      .default(false)
      .describe('Count and summarise what is found, and change nothing: nothing is taken out.'),
    numbers: z
      .boolean()
      .default(true)
      .describe('Look at the numbers of attributes and bodies as well: a card number becomes a placeholder.'),
    value_chars_max: z
      .int()
      .min(0)
      .optional()
      .describe(
        'Characters at which the SDK cuts values off; 0: it does not. A number or key at the end of a value of this length is masked, because no rule can tell what it was. ' +
          'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT of the environment when absent.',
      ),
    summary: z
      .enum(['debug', 'info', 'silent', ''])
      .optional()
      .describe(
        'What is added to a span or log record of which something was taken out: debug the count and the names of the rules, info the count, silent nothing. With keys of the stock collector, ' +
          'its redaction.* attributes: debug keys and counts, info counts, silent (their default) nothing. Else debug.',
      ),
    work_per_byte_max: z
      .int()
      .positive()
      .default(redactionLimits.stepsPerByteMax)
      .describe(
        'Bytes that rules may look at for each byte of a batch. A value that would take more is masked as a whole.',
      ),
    ...stockConfig,
  })
  .superRefine((config, context) => {
    const blocked = [...config.blocked_keys, ...config.keys.blocked]
    const asked = [
      ...Object.values(config.actions),
      ...config.patterns.map((one) => one.action),
      ...blocked.map((one) => (typeof one === 'string' ? undefined : one.action)),
    ]
    if (asked.includes('pseudonym') && config.pseudonyms === undefined)
      context.addIssue({
        code: 'custom',
        path: ['pseudonyms'],
        message: 'the action pseudonym needs a key: set pseudonyms.key_file or pseudonyms.key_env',
      })
    const names = config.patterns.map(({ name }) => name)
    for (const [index, name] of names.entries())
      if (names.indexOf(name) < index)
        context.addIssue({
          code: 'custom',
          path: ['patterns', index, 'name'],
          message: `two patterns are named ${name}`,
        })
    const hmac = hmacKeyBytesMin[config.hash_function]
    if (hmac !== undefined && Buffer.byteLength(config.hmac_key ?? '') < hmac)
      context.addIssue({
        code: 'custom',
        path: ['hmac_key'],
        message: `${config.hash_function} needs a key of at least ${hmac} bytes; take it from the environment: \${env:NAME}`,
      })
  })
export type RedactionConfig = z.output<typeof redactionConfig>

/** What is right in the configuration, but perhaps not meant. */
export function warningsOf(config: RedactionConfig): readonly string[] {
  const warnings: string[] = []
  if (config.dry_run) warnings.push('dry_run: what is found is counted, and nothing is taken out')
  if (isStock(config) && config.allow_all_keys !== true && (config.allowed_keys ?? []).length === 0)
    warnings.push(
      'all attributes are deleted: with keys of the stock collector only those stay that allowed_keys names; or set allow_all_keys: true',
    )
  return warnings
}

const hmacKeyBytesMin: Readonly<Record<string, number | undefined>> = { 'hmac-sha256': 32, 'hmac-sha512': 64 }
