import * as z from 'zod'
import { patternProblem, textPattern } from './regex.ts'

export const pattern = z.string().superRefine((text, context) => {
  const problem = patternProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

/** A value of an attribute, as YAML has it. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }
const plainValue: z.ZodType<PlainValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.array(plainValue), z.record(z.string(), plainValue)]),
)

export const ACTIONS = ['insert', 'update', 'upsert', 'delete', 'hash', 'extract', 'convert'] as const

const action = z
  .strictObject({
    key: z
      .string()
      .default('')
      .describe('The attribute that the action is about; delete and hash can have `pattern` instead.'),
    action: z
      .preprocess((text) => (typeof text === 'string' ? text.toLowerCase() : text), z.enum(ACTIONS))
      .describe(
        'insert: when the key is absent. update: when it is there. upsert: in both cases. delete. hash: SHA-256 in hex, or as `hash_function` says. extract: named groups of `pattern` become attributes. convert: to `converted_type`.',
      ),
    value: plainValue.optional().describe('insert, update, upsert: the value; its type is what it is in YAML.'),
    from_attribute: z
      .string()
      .default('')
      .describe('insert, update, upsert: the attribute whose value is taken; nothing is done when it is absent.'),
    from_context: z
      .string()
      .default('')
      .describe('Of the stock collector, not supported: headers and addresses of senders are not kept beside a batch.'),
    default_value: plainValue.optional().describe('insert, update, upsert: the value when `from_attribute` is absent.'),
    pattern: z
      .union([z.literal(''), pattern])
      .default('')
      .describe(
        "In RE2's syntax. extract: is looked for in the value, each group named after its attribute. delete, hash: keys.",
      ),
    converted_type: z.enum(['', 'int', 'double', 'string']).default('').describe('convert: the type.'),
  })
  .superRefine((config, context) => {
    for (const [path, message] of problemsOf(config)) context.addIssue({ code: 'custom', message, path: [path] })
  })
type Action = z.output<typeof action>

export const actionsConfig = z
  .array(action)
  .min(1, 'name at least one action')
  .describe('What is done to attributes, one after the other.')

export const hashFunctionConfig = z
  .enum(['sha256', 'sha1'])
  .default('sha256')
  .describe(
    'Function of the action hash. The stock collector had sha1 before it changed to sha256. Short values can be guessed from either.',
  )

const SOURCES = ['value', 'from_attribute', 'from_context'] as const
const isSet = (config: Action, key: keyof Action): boolean => config[key] !== undefined && config[key] !== ''

/** What each action does not take. */
const foreign: Readonly<Record<Action['action'], readonly (keyof Action)[]>> = {
  insert: ['pattern', 'converted_type'],
  update: ['pattern', 'converted_type'],
  upsert: ['pattern', 'converted_type'],
  delete: [...SOURCES, 'default_value', 'converted_type'],
  hash: [...SOURCES, 'default_value', 'converted_type'],
  extract: [...SOURCES, 'default_value', 'converted_type'],
  convert: [...SOURCES, 'default_value', 'pattern'],
}

function* problemsOf(config: Action): Generator<[path: keyof Action, message: string]> {
  const { action: name } = config
  for (const key of foreign[name]) if (isSet(config, key)) yield [key, `the action ${name} does not take ${key}`]
  if (isSet(config, 'from_context')) {
    yield [
      'from_context',
      'is not supported: what came beside a batch (headers, client address) is not kept; let the stock collector in front add the attribute',
    ]
  }
  if (config.key === '' && !((name === 'delete' || name === 'hash') && config.pattern !== '')) {
    yield ['key', `the action ${name} needs a key`]
  }
  if (name === 'insert' || name === 'update' || name === 'upsert') yield* sourceProblems(config)
  if (name === 'convert' && config.converted_type === '')
    yield ['converted_type', 'name the type: int, double or string']
  if (name === 'extract') yield* extractProblems(config.pattern)
}

function* sourceProblems(config: Action): Generator<[keyof Action, string]> {
  const sources = SOURCES.filter((key) => isSet(config, key) || (key === 'value' && config.value === ''))
  if (sources.length === 0 && config.default_value === undefined)
    yield ['value', `the action ${config.action} needs value or from_attribute`]
  if (sources.length > 1) yield [sources[1] ?? 'value', `give one of ${sources.join(' and ')}`]
}

function* extractProblems(text: string): Generator<[keyof Action, string]> {
  if (text === '') return yield ['pattern', 'the action extract needs a pattern']
  if (patternProblem(text) !== undefined) return
  const { groupNames } = textPattern(text)
  if (groupNames.length === 0 || groupNames.includes(undefined)) {
    yield ['pattern', 'every group needs a name, as in (?P<user>.+); use (?:…) for one that is no attribute']
  }
}
