import { TransformStream } from 'node:stream/web'
import { actionFor, maskKeepDefault, REPLACE, replacementsOf } from './redaction/actions.ts'
import type { Action, ActionTable } from './redaction/actions.ts'
import { redactValue } from './redaction/redact-value.ts'
import { createRedactor } from './redaction/redactor.ts'
import type { Redactor } from './redaction/redactor.ts'
import type { RuleFamily, RuleType } from './redaction/rule.ts'
import { rules } from './redaction/rules.ts'
import { TextStream } from './redaction/text-stream.ts'
import { bareName, chooseRules, namesProblem } from './sidecar/processors/redaction/choose-rules.ts'
import { environmentSecrets } from './sidecar/processors/redaction/environment-credentials.ts'
import { PSEUDONYM_KEY_BYTES_MIN, Pseudonyms } from './sidecar/processors/redaction/pseudonyms.ts'

/**
 * The sidecar's redaction as a function, for logs and for what an agent sends elsewhere: `import { redact } from 'spanwarden/redact'`. With pino:
 * `pino({ hooks: { streamWrite: redact } })`; `formatters.log` would leave the message and the bindings of children as they are.
 */

/** What is done with what a rule finds: a placeholder `[REDACTED:EMAIL]`, `****1111`, or a token that is the same for the same value. */
export type RedactionAction = 'replace' | 'mask' | 'pseudonym'

export interface RedactionOptions {
  /** Types (`EMAIL`) or families (`payment`) of rules; exactly these, or with a sign the default rules with more (`+USER_ID`) or less (`-IP_ADDRESS`). */
  readonly rules?: readonly string[]
  /** By type, family or `default`; `replace` without it. */
  readonly actions?: Readonly<Record<string, RedactionAction>>
  /** The key of the tokens that `pseudonym` makes, at least 32 bytes. */
  readonly pseudonyms?: { readonly key: string | Uint8Array; readonly keyId?: string; readonly tenant?: string }
  /** Credentials among these variables are taken out wherever they stand, encoded too; default is the environment of the process, `{}` for none. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export interface RedactionFinding {
  /** UTF-16 code units of the text, `end` exclusive. */
  readonly start: number
  readonly end: number
  readonly rule: string
  /** 0 to 1. */
  readonly confidence: number
  /** What stands in its place. */
  readonly replacement: string
}

export interface Redaction {
  /** The text without what the rules find, and what they found. */
  text(text: string): { readonly text: string; readonly findings: readonly RedactionFinding[] }
  /**
   * A copy of the value with all strings in it redacted: objects and their keys, arrays, maps, sets, errors, bytes that are text. Keys tell what their values are. Sensitive numbers
   * become strings. What can't be read is masked; it never throws.
   */
  value<T>(value: T): T
  /** For text that comes in pieces, such as a model's answer: what comes out is what `text` makes of the whole, about 500 characters behind. */
  stream(): TransformStream<string, string>
}

/** `createRedaction().value`, with the default rules. */
export function redact<T>(value: T): T {
  standard ??= createRedaction()
  return standard.value(value)
}

let standard: Redaction | undefined

/** Throws a TypeError when an option names what is not there. Make one and keep it: making it takes some milliseconds. */
export function createRedaction(options: RedactionOptions = {}): Redaction {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) throw new TypeError(`there is no option ${unknown}; there are ${[...OPTIONS].join(', ')}`)
  const redactor = redactorOf(options)
  return {
    text(text) {
      const { text: redacted, hits } = redactor.redactText(text)
      return { text: redacted, findings: hits }
    },
    value<T>(value: T): T {
      // The copy has the shape of the value, but for numbers that became placeholders.
      return redactValue(value, (text, path) => redactor.redactText(text, path).text) as T
    },
    stream() {
      const pieces = new TextStream(redactor)
      return new TransformStream<string, string>({
        transform(piece, controller) {
          const out = pieces.push(piece)
          if (out !== '') controller.enqueue(out)
        },
        flush(controller) {
          const rest = pieces.end()
          if (rest !== '') controller.enqueue(rest)
        },
      })
    },
  }
}

function redactorOf({ rules: names, actions = {}, pseudonyms, environment = process.env }: RedactionOptions): Redactor {
  for (const name of names ?? []) checkName(bareName(name), 'rules')
  const problem = namesProblem(names ?? [])
  if (problem !== undefined) throw new TypeError(`rules: ${problem}`)
  const actionOf = actionsOf(actions)
  const usesPseudonyms = Object.values(actions).includes('pseudonym')
  if (usesPseudonyms && pseudonyms === undefined)
    throw new TypeError('the action pseudonym needs a key: set pseudonyms.key')
  return createRedactor({
    rules: chooseRules(names),
    live: environmentSecrets(environment),
    replacement: replacementsOf(
      actionOf,
      familyOf,
      pseudonyms === undefined ? undefined : pseudonymsOf(pseudonyms).token,
    ),
  })
}

function actionsOf(actions: Readonly<Record<string, RedactionAction>>): (type: RuleType) => Action {
  const byFamily = new Map<RuleFamily, Action>()
  const byType = new Map<RuleType, Action>()
  for (const [name, kind] of Object.entries(actions)) {
    if (name !== 'default') checkName(name, 'actions')
    const family = rules.find((rule) => rule.family === name)?.family
    if (family !== undefined) byFamily.set(family, actionNamed(kind))
    else if (name !== 'default') byType.set(name, actionNamed(kind))
  }
  const table: ActionTable = { default: actionNamed(actions['default'] ?? 'replace'), byFamily, byType }
  return (type) => actionFor(table, type, familyOf(type))
}

function actionNamed(kind: RedactionAction): Action {
  if (kind === 'mask') return { kind, keepLast: maskKeepDefault, keepDomain: false }
  if (kind === 'pseudonym') return { kind }
  if (kind === 'replace') return REPLACE
  throw new TypeError(`there is no action ${String(kind)}: use replace, mask or pseudonym`)
}

function pseudonymsOf({ key, keyId, tenant }: NonNullable<RedactionOptions['pseudonyms']>): Pseudonyms {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  if (bytes.length < PSEUDONYM_KEY_BYTES_MIN)
    throw new TypeError(`pseudonyms.key needs at least ${PSEUDONYM_KEY_BYTES_MIN} bytes`)
  return new Pseudonyms({
    key: bytes,
    cacheMax: PSEUDONYMS_KEPT,
    ...(keyId === undefined ? {} : { keyId }),
    ...(tenant === undefined ? {} : { tenant }),
  })
}

const OPTIONS: ReadonlySet<string> = new Set(['rules', 'actions', 'pseudonyms', 'environment'])

/** Tokens remembered together with their values. */
const PSEUDONYMS_KEPT = 4_096

const families = new Map(rules.map(({ type, family }) => [type, family]))
const familyOf = (type: RuleType): RuleFamily | undefined => families.get(type)

function checkName(name: string, option: string): void {
  if (rules.some(({ type, family }) => type === name || family === name)) return
  throw new TypeError(`${option}: there is no rule or family ${name}; docs/redaction.md lists them`)
}
