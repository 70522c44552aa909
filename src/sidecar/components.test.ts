import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { components } from '../../test/support/all-components.ts'
import { componentsNamed, components as list } from './components.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** What every component owes to its readers, checked over the list. */
describe.each(components.map((component) => [`${component.kind} ${component.type}`, component] as const))(
  '%s',
  (_, component) => {
    const schema = z.toJSONSchema(component.config, { io: 'input', unrepresentable: 'any' })

    test('has a name and one sentence about itself', () => {
      for (const name of [component.type, ...(component.aliases ?? [])]) expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
      expect(component.summary).toMatch(/^[A-Z].*\.$/)
    })

    test('every option is described', () => {
      expect(undescribed(schema, '')).toEqual([])
    })

    test('an unknown key is an error', () => {
      const { error } = component.config.safeParse({ no_such_key: 1 })
      expect(error?.issues.map(({ code }) => code)).toContain('unrecognized_keys')
    })
  },
)

test('the list says of each what its definition says', () => {
  const said = list.map(({ kind, type, aliases = [] }) => ({ kind, type, aliases }))
  expect(said).toEqual(components.map(({ kind, type, aliases = [] }) => ({ kind, type, aliases: [...aliases] })))
})

test('only what is named is loaded', async () => {
  const loaded = await componentsNamed(new Set(['spanmetrics', 'debug', 'no_such']))
  expect(loaded.map(({ type }) => type)).toEqual(['span_metrics', 'debug'])
})

test('no two components of a kind answer to the same name', () => {
  const names = components.flatMap(({ kind, type, aliases = [] }) =>
    [type, ...aliases].map((name) => `${kind} ${name}`),
  )
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

function undescribed(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    if (typeof option === 'boolean') return []
    const at = `${path}${key}`
    // A map of options of its own is explained by them.
    const isGroup = option.properties !== undefined
    return [...(isGroup || option.description ? [] : [at]), ...undescribed(option, `${at}.`)]
  })
}
