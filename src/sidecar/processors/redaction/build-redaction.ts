import { readFileSync } from 'node:fs'
import { WIRE_KEYS } from '../../../conventions.ts'
import { actionFor, maskKeepDefault, REPLACE, replacementsOf } from '../../../redaction/actions.ts'
import type { Action, ActionTable } from '../../../redaction/actions.ts'
import { createRedactor } from '../../../redaction/redactor.ts'
import type { Pattern, Redactor, RedactorOptions } from '../../../redaction/redactor.ts'
import type { RuleFamily, RuleType } from '../../../redaction/rule.ts'
import { rules } from '../../../redaction/rules.ts'
import { TraceValues } from '../../../redaction/trace-values.ts'
import type { ComponentContext } from '../../component.ts'
import { allowedValues } from './allowed-values.ts'
import { NAMES_LIMIT_TYPE, namesLimit } from './batch-names.ts'
import { chooseRules } from './choose-rules.ts'
import { environmentSecrets } from './environment-credentials.ts'
import { NumberTexts } from './number-values.ts'
import { PSEUDONYM_KEY_BYTES_MIN, Pseudonyms } from './pseudonyms.ts'
import type { BatchOptions } from './redact-batch.ts'
import type { ConfiguredAction, RedactionConfig } from './redaction-config.ts'
import { resourceAttribute } from './resource-attribute.ts'
import { SplitValues } from './split-values.ts'
import { StockBatch } from './stock-batch.ts'
import { isStock } from './stock-config.ts'
import { StockKeys } from './stock-keys.ts'
import { userPattern } from './user-pattern.ts'

/** What blocked_values find. */
export const BLOCKED_VALUE = 'BLOCKED_VALUE'

export interface BuiltRedaction {
  /** Made when it is asked for, which is to be with the first batch. */
  readonly redactor: Redactor
  readonly options: BatchOptions
  readonly pseudonyms: Pseudonyms | undefined
}

type World = Pick<ComponentContext, 'clock' | 'env'>

/** All that a configuration asks for; `names` finds persons' names. Throws when the key of pseudonyms can't be had. */
export function buildRedaction(
  config: RedactionConfig,
  { clock, env }: World,
  names: readonly Pattern[] = [],
): BuiltRedaction {
  const pseudonyms = pseudonymsOf(config, env)
  const stockKeys = isStock(config) ? new StockKeys(config) : undefined
  const actionOf = actionsOf(config)
  const types = chooseRules(config.rules)
  const ownReplacement = replacementsOf(actionOf, familyOf, pseudonyms?.token)
  const monotonic = (): number => clock.monotonic()
  const blocked = blockedKeys(config)
  const isAllowed = allowedValues(config.allowed_values ?? [])
  const blockedValues = (config.blocked_values ?? []).map((regex) => userPattern(BLOCKED_VALUE, regex, monotonic))
  const patterns = config.patterns.map(({ name, regex }) => userPattern(name, regex, monotonic))
  const redactorOptions: RedactorOptions = {
    rules: types,
    limits: { stepsPerByteMax: config.work_per_byte_max },
    patterns: [...blockedValues, ...patterns, ...names],
    paths: {
      blockedKeys: blocked.map((one) => (typeof one === 'string' ? one : { glob: one.path, type: one.name })),
      allowedKeys: config.keys.allowed,
      ignoredKeys: config.keys.ignored,
    },
    ...(config.live_secrets ? { live: environmentSecrets(env) } : {}),
    ...(config.propagation.enabled ? { traces: tracesOf(config) } : {}),
    replacement: (type, text) => {
      if (type === BLOCKED_VALUE) return stockKeys?.masked(text)
      return type === NAMES_LIMIT_TYPE ? namesLimit(text) : ownReplacement(type, text)
    },
    ...(isAllowed === undefined ? {} : { isAllowed }),
  }
  const { traces: _, ...aloneOptions } = redactorOptions
  const texts = madeOnce(() => createRedactor(aloneOptions))
  // The stock collector asks blocked_values about numbers only when it is told to.
  const allTypes = blockedValues.length === 0 || config.redact_all_types === true
  const numbers = allTypes ? texts : madeOnce(() => createRedactor({ ...aloneOptions, patterns }))
  const stock = stockKeys === undefined ? undefined : new StockBatch(config, stockKeys, texts())
  const redactor = madeOnce(() => createRedactor(redactorOptions))
  return {
    get redactor() {
      return redactor()
    },
    options: {
      actionOf,
      isDryRun: config.dry_run,
      splits: new SplitValues(texts),
      valueCharsMax: config.value_chars_max ?? charsMaxOf(env),
      propagates: config.propagation.enabled,
      hasPatterns: [...blockedValues, ...patterns].some(findsInConventions),
      hasPaths: blocked.length + config.keys.allowed.length + config.keys.ignored.length > 0,
      ...tenantOption(config, pseudonyms),
      ...(config.numbers || config.redact_all_types === true ? { numbers: new NumberTexts(numbers) } : {}),
      ...(stock === undefined ? {} : { settle: (view, edits) => stock.settle(view, edits, config.dry_run) }),
    },
    pseudonyms,
  }
}

/** A redactor takes 15 ms and 9 MB, and many a pipeline never sees a batch, or a value for the second one. */
function madeOnce(make: () => Redactor): () => Redactor {
  let made: Redactor | undefined
  return () => (made ??= make())
}

/** Whether a pattern matches in one of the names that attributes have by the conventions: then these are looked at, too. */
function findsInConventions(pattern: Pattern): boolean {
  let isFound = false
  for (const key of WIRE_KEYS) {
    const bytes = Buffer.from(key)
    pattern.find(bytes, 0, bytes.length, () => (isFound = true))
  }
  return isFound
}

const familyOf = (type: RuleType): RuleFamily | undefined => families.get(type)
const families = new Map(rules.map(({ type, family }) => [type, family]))
const familyNames = new Set<string>(families.values())
const isFamily = (name: string): name is RuleFamily => familyNames.has(name)

const blockedKeys = ({ keys, blocked_keys: others }: RedactionConfig) => [...others, ...keys.blocked]

const tracesOf = ({ propagation }: RedactionConfig): TraceValues =>
  new TraceValues({ tracesMax: propagation.traces_max, valuesPerTraceMax: propagation.values_per_trace_max })

/** The action of each type, looked up once. */
function actionsOf(config: RedactionConfig): (type: RuleType) => Action {
  const { actions, patterns } = config
  const byFamily = new Map<RuleFamily, Action>()
  const byType = new Map<RuleType, Action>(patterns.map(({ name, action }) => [name, actionOf(action)]))
  for (const one of blockedKeys(config)) {
    if (typeof one !== 'string' && one.action !== 'replace') byType.set(one.name, actionOf(one.action))
  }
  for (const [name, action] of Object.entries(actions)) {
    if (isFamily(name)) byFamily.set(name, actionOf(action))
    else byType.set(name, actionOf(action))
  }
  const table: ActionTable = {
    default: actions['default'] === undefined ? REPLACE : actionOf(actions['default']),
    byFamily,
    byType,
  }
  const known = new Map<RuleType, Action>([[BLOCKED_VALUE, REPLACE]])
  return (type) => {
    let action = known.get(type)
    if (action === undefined) known.set(type, (action = actionFor(table, type, familyOf(type))))
    return action
  }
}

function actionOf(action: ConfiguredAction): Action {
  if (typeof action === 'object')
    return { kind: 'mask', keepLast: action.mask.keep_last, keepDomain: action.mask.keep_domain }
  return action === 'mask' ? { kind: 'mask', keepLast: maskKeepDefault, keepDomain: false } : { kind: action }
}

function pseudonymsOf({ pseudonyms }: RedactionConfig, env: ComponentContext['env']): Pseudonyms | undefined {
  if (pseudonyms === undefined) return undefined
  const { key_file: file, key_env: variable, key_id: keyId, tenant, cache_max: cacheMax } = pseudonyms
  const place = file === undefined ? `the environment variable ${variable}` : `the file ${file}`
  const key = file === undefined ? Buffer.from(env[variable ?? ''] ?? '') : keyIn(file)
  if (key.length < PSEUDONYM_KEY_BYTES_MIN)
    throw new Error(
      `pseudonyms: ${place} holds no key of at least ${PSEUDONYM_KEY_BYTES_MIN} bytes; make one with: openssl rand -hex 32`,
    )
  return new Pseudonyms({ key, tenant, cacheMax, ...(keyId === undefined ? {} : { keyId }) })
}

function charsMaxOf(env: ComponentContext['env']): number {
  const limit = Number(env['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT'] ?? env['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'] ?? 0)
  return Number.isSafeInteger(limit) && limit > 0 ? limit : 0
}

/** Before the values of a resource come, its tenant is told. */
function tenantOption(
  { pseudonyms: config }: RedactionConfig,
  pseudonyms: Pseudonyms | undefined,
): Pick<BatchOptions, 'onResource'> {
  const attribute = config?.tenant_attribute
  if (attribute === undefined || pseudonyms === undefined) return {}
  return {
    onResource: (view, group) => {
      pseudonyms.tenant = `${config?.tenant}\0${resourceAttribute(view, group, attribute) ?? ''}`
    },
  }
}

function keyIn(file: string): Buffer {
  try {
    const bytes = readFileSync(file)
    return bytes.subarray(0, bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : undefined)
  } catch (error) {
    throw new Error(`pseudonyms: can't read the file ${file}; it must hold the key`, { cause: error })
  }
}
