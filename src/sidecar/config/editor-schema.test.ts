import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { describeWithData } from '../../../test/support/shared-data.ts'
import { readStockSamples } from '../../../test/support/stock-configs.ts'
import { components } from '../../../test/support/all-components.ts'
import { editorSchema } from './editor-schema.ts'

const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(editorSchema(components))

function errorsOf(text: string): string[] {
  const value: unknown = parse(text, { merge: true, logLevel: 'error' })
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)
}

const ready = new URL('../../../collector-config/', import.meta.url)
const configs = readdirSync(ready).filter((name) => /^(?!stock-).*\.yaml$/.test(name))

describe('the JSON schema for editors', () => {
  test.each(configs)('takes %s, which names it in its first line', (name) => {
    const text = readFileSync(new URL(name, ready), 'utf8')
    expect(errorsOf(text)).toEqual([])
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/)
  })

  test.each([
    ['exporters: {otlp_http: {endpoint: "https://x", enpoint: 1}}', 'additional properties'],
    ['exporters: {otlp_htpt: {endpoint: "https://x"}}', 'additional properties'],
    ['receivers: {otlp: {protocols: {http: {max_connections: lots}}}}', 'must be integer'],
    ['exporters: {otlp_grpc: {endpoint: "x:1", timeout: 5 seconds}}', 'must match pattern'],
    ['service: {pipelines: {traces: {recievers: [otlp]}}}', 'additional properties'],
    ['recievers: {}', 'additional properties'],
  ])('refuses %s', (text, message) => {
    expect(errorsOf(text).join('\n')).toContain(message)
  })

  test('takes what the loader takes beside: substitutions, null, former names, what is left out', () => {
    const text = `
      receivers: {otlp/a: {protocols: {grpc: , http: {max_connections: "\${env:N:-5}", idle_timeout: 1m30s}}}}
      processors: {batch: {send_batch_size: 1}}
      exporters: {otlphttp: {endpoint: "\${env:URL}", headers: , sending_queue: {num_consumers: "\${N}"}}}
      service: {pipelines: {traces/a: {receivers: "\${env:R}", processors: , exporters: [otlphttp]}}}`
    expect(errorsOf(text)).toEqual([])
  })
})

describeWithData('otlp', () => {
  const good = readStockSamples().filter(({ problems }) => problems.length === 0)
  test.each(good.map(({ name, text }) => [name, text]))('%s is good here as well', (_, text) => {
    expect(errorsOf(text)).toEqual([])
  })
})
