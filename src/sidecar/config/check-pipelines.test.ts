import { expect, test } from 'vitest'
import { components } from '../../../test/support/all-components.ts'
import { loadConfig } from '../config.ts'

test.each([
  ['gen_ai_normalizer, attributes, redaction, cost', []],
  ['redaction, gen_ai_normalizer', ['gen_ai_normalizer']],
  ['redaction, attributes, redaction/again, cost', []],
  ['attributes, cost', []],
])('processors [%s]: what writes behind redaction is told', (processors, told) => {
  const text = `
    receivers: { otlp: { protocols: { http: } } }
    processors: { redaction: , redaction/again: , cost: , gen_ai_normalizer: , attributes: { actions: [{ key: a, action: insert, value: b }] } }
    exporters: { debug: }
    service: { pipelines: { traces: { receivers: [otlp], processors: [${processors}], exporters: [debug] } } }`
  const { warnings } = loadConfig([{ name: 'a', text }], components, { env: {}, readFile: () => '' })
  const order = warnings.filter(({ message }) => message.includes('stands behind'))
  expect(order.map(({ message }) => message.split(' ')[0])).toEqual(told)
})

test('limits that are written and not in force are no configuration', () => {
  const load = (extensions: string): unknown =>
    loadConfig(
      [
        {
          name: 'a',
          text: `
    receivers: { otlp: { protocols: { http: } } }
    exporters: { debug: }
    extensions: { guard: , health_check: }
    service: { extensions: ${extensions}, pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }`,
        },
      ],
      components,
      { env: {}, readFile: () => '' },
    )
  expect(() => load('[health_check]')).toThrow(/extensions\.guard: it is not in service\.extensions/)
  expect(load('[health_check, guard]')).toMatchObject({ extensionOrder: ['health_check', 'guard'] })
})
