import type { z } from 'zod'
import { keyTable } from '../../../otlp/key-table.ts'
import { wireString, wireValueFrom } from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'
import type { actionsConfig } from './action-config.ts'
import { convertValue, hashValue } from './convert-value.ts'
import { KeyPattern } from './key-pattern.ts'
import { textPattern } from './regex.ts'
import type { WorkingAttributes } from './working-attributes.ts'

/** Actions, made ready: every key that they name has a number. */
export interface ActionPlan {
  readonly keys: readonly string[]
  /** Number of a key in the bytes + 1, 0 when no action names it. */
  readonly lookUp: (bytes: Uint8Array, start: number, end: number) => number
  /** Whether attributes that no action names may be meant as well. */
  readonly hasPatterns: boolean
  run(attributes: WorkingAttributes): void
}

export interface PlanOptions {
  readonly actions: z.output<typeof actionsConfig>
  readonly hash_function: 'sha256' | 'sha1'
}

type Step = (attributes: WorkingAttributes) => void

export function actionPlan({ actions, hash_function: hash }: PlanOptions): ActionPlan {
  const numbers = new Map<string, number>()
  const numberOf = (key: string): number => {
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  }
  const steps = actions.map((action): Step => {
    const { key, action: name } = action
    if (name === 'delete') return eachMeant(action, numberOf, () => undefined)
    if (name === 'hash') return eachMeant(action, numberOf, (value) => hashValue(value, hash))
    const number = numberOf(key)
    if (name === 'extract') return extract(number, action.pattern, numberOf)
    if (name === 'convert') return convert(number, action.converted_type)
    const source = sourceOf(action, numberOf)
    return (attributes) => {
      const isThere = attributes.get(number) !== undefined
      if (name === (isThere ? 'insert' : 'update')) return
      const value = source(attributes)
      if (value !== undefined) attributes.set(number, value)
    }
  })
  const keys = [...numbers.keys()]
  return {
    keys,
    lookUp: keyTable(keys),
    hasPatterns: actions.some(({ action, pattern }) => (action === 'delete' || action === 'hash') && pattern !== ''),
    run(attributes) {
      for (const step of steps) step(attributes)
    },
  }
}

type Action = PlanOptions['actions'][number]

/** delete and hash: the attribute of the key, and all whose keys match. `change` returns undefined to take an attribute out. */
function eachMeant(
  { key, pattern }: Action,
  numberOf: (key: string) => number,
  change: (value: WireValue) => WireValue | undefined,
): Step {
  const number = key === '' ? -1 : numberOf(key)
  const keys = pattern === '' ? undefined : new KeyPattern(pattern)
  return (attributes) => {
    if (number >= 0) attributes.change(number, change)
    if (keys !== undefined) attributes.changeMatching(keys, change, number)
  }
}

function sourceOf(action: Action, numberOf: (key: string) => number): (a: WorkingAttributes) => WireValue | undefined {
  const fixed = action.value ?? action.default_value
  const value = fixed === undefined ? undefined : wireValueFrom(fixed)
  if (action.from_attribute === '') return () => value
  const from = numberOf(action.from_attribute)
  return (attributes) => attributes.get(from) ?? value
}

function extract(number: number, pattern: string, numberOf: (key: string) => number): Step {
  const { groupNames, groups } = textPattern(pattern)
  const targets = groupNames.map((name = '') => numberOf(name))
  return (attributes) => {
    const text = attributes.text(number)
    const found = text === undefined ? undefined : groups(text)
    for (const [i, group] of found?.entries() ?? []) attributes.set(targets[i] ?? 0, wireString(group))
  }
}

function convert(number: number, to: Action['converted_type']): Step {
  if (to === '') return () => {}
  return (attributes) => attributes.change(number, (value) => convertValue(value, to) ?? value)
}
