import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { ENVIRONMENT, environmentPage } from './environment-table.ts'
import { readSettings } from './settings.ts'

const page = join(projectFolder, 'docs/environment.md')

/** The names that reading the settings asks for, with some of them set. */
function asked(environment: Readonly<Record<string, string>>): Set<string> {
  const names = new Set<string>()
  readSettings(
    new Proxy(environment, {
      get(target, name) {
        if (typeof name === 'string') names.add(name)
        return Reflect.get(target, name)
      },
    }),
  )
  return names
}

test('the table has every variable that is read, and nothing that is not', () => {
  // Some are only asked for when another one is set.
  const read = new Set([...asked({}), ...asked({ OTEL_TRACES_SAMPLER: 'traceidratio' })])
  const others = ['HOME', 'XDG_STATE_HOME']
  const listed = ENVIRONMENT.filter(({ status }) => status !== 'without effect').map(({ name }) => name)
  expect([...read].filter((name) => !others.includes(name)).toSorted()).toEqual(listed.toSorted())
  expect(new Set(listed).size).toBe(listed.length)
})

test.each(ENVIRONMENT.filter(({ status }) => status === 'refused'))('$name is refused in one line', ({ name }) => {
  const { warnings } = readSettings({ [name]: 'q7-value-7q' })
  expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${name} is not .+: .+`))])
})

test.each(ENVIRONMENT.filter(({ status }) => status === 'without effect'))('$name changes nothing', ({ name }) => {
  expect(readSettings({ [name]: 'anything' })).toEqual(readSettings({}))
})

test('docs/environment.md is up to date', () => {
  if (process.env['UPDATE'] === '1') writeFileSync(page, environmentPage())
  expect(readFileSync(page, 'utf8')).toBe(environmentPage())
})
