import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expandYaml } from './expand-yaml.ts'
import { LocatedYaml, parseLocatedYaml } from './located-yaml.ts'

const parsed = (name: string, text: string): LocatedYaml => parseLocatedYaml(name, text).yaml
const mergedOf = (...sources: readonly LocatedYaml[]): LocatedYaml =>
  sources.reduce((under, over) => under.mergedWith(over), new LocatedYaml({}))

test('a list replaces the one below it; one with the tag !append is added to it, each item once and where it stands', () => {
  const yaml = mergedOf(
    parsed('a', 'list: [1, 2]\nother: [a]'),
    parsed('b', 'list: !append [2, 3]\nother: [b]\nnew: !append [x]'),
    parsed('c', 'list: !append\n  - 4'),
  )
  expect(yaml.value).toEqual({ list: [1, 2, 3, 4], other: ['b'], new: ['x'] })
  expect([0, 2, 3].map((i) => yaml.placeOf(['list', i]))).toEqual([
    { source: 'a', line: 1, column: 8 },
    { source: 'b', line: 1, column: 19 },
    { source: 'c', line: 2, column: 5 },
  ])
})

test('ready configurations for backends go together, in any order', () => {
  const folder = join(import.meta.dirname, '../../../collector-config')
  const ready = (name: string): LocatedYaml => parsed(name, readFileSync(join(folder, name), 'utf8'))
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.yaml') && /!append/.test(readFileSync(join(folder, name), 'utf8')),
  )
  expect(names.length).toBeGreaterThan(10)
  const exportersOf = (order: readonly string[]): unknown => {
    const { value } = mergedOf(ready('embedded.yaml'), ...order.map(ready))
    const { service } = value as {
      service: { extensions: string[]; pipelines: Record<string, { exporters: string[] }> }
    }
    const lists = { ...service.pipelines, service: { exporters: service.extensions } }
    return Object.fromEntries(Object.entries(lists).map(([name, { exporters }]) => [name, exporters.toSorted()]))
  }
  expect(exportersOf(names)).toEqual(exportersOf(names.toReversed()))
  expect(JSON.stringify(exportersOf(names))).toMatch(
    /"traces":\["agent_metrics".*jaeger.*grafana.*langfuse.*tempo.*"store"\]/,
  )
  expect(JSON.stringify(exportersOf(names))).toMatch(/alerts.*guard.*page/)
})

test('a variable that has to be there is asked for', () => {
  const load = (env: Record<string, string>): unknown =>
    expandYaml(parsed('a', 'key: "${env:KEY:?the key of your account}"\nport: "${env:PORT:?}"'), {
      env,
      readFile: () => '',
    })
  expect(load({ KEY: 'k', PORT: '1' })).toMatchObject({ problems: [], yaml: { value: { key: 'k', port: 1 } } })
  expect(load({ KEY: '' })).toMatchObject({
    problems: [
      { path: 'key', message: 'the variable KEY is not set: the key of your account' },
      { path: 'port', message: 'the variable PORT is not set' },
    ],
  })
})
