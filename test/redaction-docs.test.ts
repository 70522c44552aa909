import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createRedactor } from '../src/redaction/redactor.ts'
import { rules } from '../src/redaction/rules.ts'
import { redaction } from '../src/sidecar/processors/redaction.ts'

const docs = readFileSync(new URL('../docs/redaction.md', import.meta.url), 'utf8')
const blocks = [...docs.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = '']) => yaml)

describe('docs/redaction.md', () => {
  test('has examples of configuration', () => expect(blocks.length).toBeGreaterThan(1))

  test.each(blocks)('the configuration loads: %s', (yaml) => {
    const { processors } = parse(yaml) as { processors: { redaction: unknown } }
    expect(redaction.config.safeParse(processors.redaction).error?.issues).toBeUndefined()
  })

  test('names every rule', () => {
    expect(rules.filter(({ type }) => !docs.includes(`\`${type}\``))).toEqual([])
  })

  test('shows no secret that a scanner of repositories would find', () => {
    const redactor = createRedactor({
      rules: rules.filter(({ family }) => family === 'secrets').map(({ type }) => type),
    })
    const table = docs.slice(docs.indexOf('### Secrets'), docs.indexOf('### Payment'))
    const shown = redactor.redactText(table).hits.map(({ start, end }) => table.slice(start, end))
    expect(shown.filter((value) => value.length > 24)).toEqual([])
  })
})
