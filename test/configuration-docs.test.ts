import { expect, test } from 'vitest'
import { renderConfiguration } from '../conventions/render-configuration.ts'
import { components } from './support/all-components.ts'
import { loadConfig } from '../src/sidecar/config.ts'

const folder = new URL('../conventions', import.meta.url).pathname
const docs = renderConfiguration(folder)
const blocks = [...docs.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = '']) => yaml)

test('the configuration in docs/configuration.md loads without notices', () => {
  expect(blocks).toHaveLength(1)
  for (const text of blocks) {
    const { warnings } = loadConfig([{ name: 'docs', text }], components, { env: {}, readFile: () => 'token' })
    expect(warnings).toEqual([])
  }
})

test('every component has its section, every key a type and a text', () => {
  for (const { type } of components) expect(docs).toContain(`### \`${type}\`\n`)
  const rows = docs.split('\n').filter((line) => line.startsWith('| `') && line.split(' | ').length === 4)
  expect(rows.length).toBeGreaterThan(150)
  expect(rows.filter((row) => !/^\| `[^`]+` \| .* \| .* \| .+ \|$/.test(row))).toEqual([])
  expect(rows.filter((row) => /(?<!_)undefined|\[object/.test(row))).toEqual([])
})
