import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { contentViolations } from '../../../../test/support/content-schema.ts'
import { normalized, normalizedTwice, spansIn } from '../../../../test/support/normalized.ts'
import { jsonToProtobuf } from '../../../otlp/json-to-protobuf.ts'

/*
 * Spans as the real libraries made them, against a model server on this machine: what they become. `UPDATE=1` writes the results anew.
 */

const folder = join(import.meta.dirname, '../../../../test/golden/normalizer')
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.in.json'))
  .map((file) => file.slice(0, -'.in.json'.length))

test.each(cases)('%s', (name) => {
  const bytes = jsonToProtobuf('traces', readFileSync(join(folder, `${name}.in.json`)))
  const result = spansIn(normalized(bytes))
  const path = join(folder, `${name}.out.yaml`)
  if (process.env['UPDATE'] === '1' || !existsSync(path)) writeFileSync(path, stringify(result, { lineWidth: 0 }))
  expect(result).toEqual(parse(readFileSync(path, 'utf8')))
  expect(normalizedTwice(bytes)).toEqual(normalized(bytes))
  const before = spansIn(bytes)
  for (const [i, { attributes }] of result.entries()) {
    for (const [key, value] of Object.entries(attributes)) {
      if (before[i]?.attributes[key] === value) continue
      // The schemas allow more fields.
      const violations = contentViolations(key, value).filter((problem) => !problem.includes('has an unknown field'))
      expect([key, violations]).toEqual([key, []])
    }
  }
})
