import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import * as z from 'zod'
import { describeWithData, sharedData } from '../../test/support/shared-data.ts'
import { defineConnector, defineExporter, defineExtension, defineProcessor, defineReceiver } from './component.ts'
import type { ComponentDefinition } from './component.ts'
import { components } from '../../test/support/all-components.ts'
import { duration, endpoint } from './config-types.ts'
import { hideSecrets } from './config/hide-secrets.ts'
import { isPlainMap, parseLocatedYaml } from './config/located-yaml.ts'
import { ConfigError, problemLine } from './config/problem.ts'
import type { ConfigProblem } from './config/problem.ts'
import { serviceConfig } from './config/service-config.ts'
import { configFromSetting, loadConfig } from './config.ts'
import { retryConfig, sendingQueueConfig } from './queue/queue-config.ts'

/** Components whose configuration a case can get wrong; they are never made. */
const never = (): never => {
  throw new Error('a configuration is checked, not run')
}
const sampleProtocol = z
  .strictObject({
    endpoint,
    max_connections: z.int().default(1000),
    max_request_body_size: z.int().optional(),
    read_timeout: duration.prefault('60s'),
  })
  .partial({ endpoint: true })
const sampleComponents: readonly ComponentDefinition[] = [
  defineReceiver({
    type: 'otlp',
    aliases: ['both'],
    summary: '',
    signals: ['traces', 'metrics', 'logs'],
    config: z.strictObject({
      protocols: z
        .strictObject({ http: sampleProtocol.nullish(), grpc: sampleProtocol.nullish() })
        .refine(({ http, grpc }) => http !== undefined || grpc !== undefined, 'name at least one of grpc and http'),
    }),
    create: never,
  }),
  defineProcessor({
    type: 'redaction',
    summary: '',
    signals: ['traces', 'metrics', 'logs'],
    config: z.strictObject({
      rules: z.array(z.string()).default([]),
      limits: z.strictObject({ bytes_max: z.int().default(1) }).prefault({}),
    }),
    create: never,
  }),
  defineProcessor({ type: 'cost', summary: '', signals: ['traces'], config: z.strictObject({}), create: never }),
  ...['agent_metrics', 'count'].map((type) =>
    defineConnector({
      type,
      summary: '',
      from: ['traces', 'metrics'],
      to: ['metrics'],
      config: z.strictObject({ window: duration.prefault('1h') }),
      create: never,
    }),
  ),
  defineExporter({
    type: 'otlp_http',
    aliases: ['otlphttp'],
    summary: '',
    signals: ['traces', 'metrics', 'logs'],
    delivery: 'remote',
    config: z.strictObject({
      endpoint: z.string(),
      headers: z.record(z.string(), z.string()).default({}),
      timeout: duration.prefault('30s'),
    }),
    create: never,
  }),
  defineExporter({
    type: 'store',
    aliases: ['both'],
    summary: '',
    signals: ['traces', 'metrics', 'logs'],
    delivery: 'local',
    config: z.strictObject({}),
    create: never,
  }),
  defineExporter({
    type: 'guarded',
    summary: '',
    signals: ['traces'],
    delivery: 'local',
    config: z.strictObject({ auth: z.strictObject({ authenticator: z.string() }).optional() }),
    create: never,
  }),
  defineExtension({ type: 'page', summary: '', config: z.strictObject({}), create: never }),
]

const golden = fileURLToPath(new URL('../../test/golden/config', import.meta.url))

interface GoldenCase {
  readonly about: string
  /** The first is called a.yaml in messages, the second b.yaml. */
  readonly configs: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly expected: unknown
}

describe('configurations: test/golden/config', () => {
  for (const file of readdirSync(golden).toSorted()) {
    const path = `${golden}/${file}`
    const { expected, ...input }: GoldenCase = parse(readFileSync(path, 'utf8'))
    test(`${file}: ${input.about}`, () => {
      const result = outcomeOf(input)
      const isUpdate = process.env['UPDATE'] === '1'
      if (isUpdate)
        writeFileSync(path, stringify({ ...input, expected: result }, { lineWidth: 0, blockQuote: 'literal' }))
      expect(result).toEqual(isUpdate ? result : expected)
    })
  }
})

const defaultsOf: Readonly<Record<string, unknown>> = {
  sending: { queue: sendingQueueConfig.parse({}), retry: retryConfig.parse({}) },
  service: serviceConfig.parse({}),
}

function outcomeOf({ configs, env = {}, files = {} }: Omit<GoldenCase, 'expected'>): unknown {
  const sources = configs.map((text, i) => ({ name: `${'abc'[i]}.yaml`, text }))
  const readFile = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  }
  try {
    const { merged: _, shown: __, warnings, ...config } = loadConfig(sources, sampleComponents, { env, readFile })
    // Durations are milliseconds here, components are named by their type.
    const plain: unknown = JSON.parse(
      JSON.stringify(config, (key, value: unknown) =>
        value instanceof Map
          ? Object.fromEntries(value)
          : key === 'definition'
            ? typeOf(value)
            : notDefault(value, defaultsOf[key]),
      ),
    )
    return { config: plain, warnings: warnings.map(problemLine) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const warnings = error.warnings.map(problemLine)
    return { problems: error.problems.map(problemLine), ...(warnings.length > 0 ? { warnings } : {}) }
  }
}

/** The parts of a value that are not as in another, so that a new default changes no case. */
function notDefault(value: unknown, standard: unknown): unknown {
  if (!isPlainMap(value) || !isPlainMap(standard)) return value
  const defaults = new Map(Object.entries(standard))
  const differing = Object.entries(value).filter(([key, part]) => !isDeepStrictEqual(part, defaults.get(key)))
  return Object.fromEntries(differing.map(([key, part]) => [key, notDefault(part, defaults.get(key))]))
}

const typeOf = (definition: unknown): unknown =>
  typeof definition === 'object' && definition !== null && 'type' in definition ? definition.type : undefined

describe('ready configurations', () => {
  const read = (name: string) => ({
    name,
    text: readFileSync(new URL(`../../collector-config/${name}`, import.meta.url), 'utf8'),
  })
  for (const names of [
    ['embedded.yaml'],
    ['embedded.yaml', 'jaeger.yaml'],
    ['embedded.yaml', 'grafana.yaml'],
    ['embedded.yaml', 'guard.yaml'],
    ['embedded.yaml', 'guard.yaml', 'guard-fleet.yaml'],
    ['to-stock.yaml'],
  ]) {
    test(`${names.join(' + ')} has neither problems nor warnings, and listens on loopback only`, () => {
      const config = loadConfig(names.map(read), components, { env: {}, readFile: never })
      expect(config.warnings).toEqual([])
      expect(JSON.stringify(config.merged)).not.toContain('0.0.0.0')
    })
  }
})

describe('substitution', () => {
  test('any text in a variable arrives as it is where a text is wanted', () => {
    fc.assert(
      fc.property(secretText, (secret) => {
        fc.pre(!isCollection(secret))
        const config = `exporters: {otlp_http: {endpoint: 'https://b', headers: {k: '\${env:SECRET}'}}}\n${pipelineTo('otlp_http')}`
        const loaded = loadConfig([{ name: 'a', text: config }], sampleComponents, {
          env: { SECRET: secret },
          readFile: never,
        })
        expect(loaded.exporters.get('otlp_http')?.config).toMatchObject({ headers: { k: secret } })
      }),
    )
  })
})

const secretText = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc
    .tuple(fc.constantFrom('{', '[', '"', '&', '*', '|', '%', '- '), fc.string({ unit: 'grapheme' }))
    .map(([start, rest]) => start + rest),
)

/** A text that YAML reads as a map or a list stands for one, as with the stock collector. */
function isCollection(text: string): boolean {
  const { yaml, problems } = parseLocatedYaml('a', text)
  return problems.length === 0 && typeof yaml.value === 'object' && yaml.value !== null
}

const pipelineTo = (exporter: string): string =>
  `receivers: {otlp: {protocols: {http: }}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [${exporter}]}}}`

test.each(['receivers: {otlp: .nan}', 'processors: {batch: .nan}', 'service: .nan'])(
  '%s is a problem, and ends',
  (text) => {
    expect(() => loadConfig([{ name: 'a', text }], components, { env: {}, readFile: never })).toThrow(ConfigError)
  },
)

test('a setting is a configuration of one value', () => {
  expect(JSON.parse(configFromSetting(['service', 'http'], '{endpoint: ":1"}'))).toEqual({
    service: { http: { endpoint: ':1' } },
  })
})

test('what is shown of a configuration hides keys, headers and URL credentials, and nothing else', () => {
  const shown = hideSecrets({
    exporters: {
      otlp_http: {
        endpoint: 'https://user:pw@example.com/v1?key=abc',
        headers: { 'x-any': 'abc' },
        tls: { ca_file: '/ca.pem' },
        auth: { bearer_token: 'abc', password: '' },
      },
    },
    processors: { redaction: { actions: { secrets: 'mask' }, hmac_key: 'abc', blocked_key_patterns: ['token'] } },
    service: { http: { endpoint: '127.0.0.1:8080' } },
  })
  expect(shown).toEqual({
    exporters: {
      otlp_http: {
        endpoint: 'https://[REDACTED]@example.com/v1?[REDACTED]',
        headers: { 'x-any': '[REDACTED]' },
        tls: { ca_file: '/ca.pem' },
        auth: { bearer_token: '[REDACTED]', password: '' },
      },
    },
    processors: {
      redaction: { actions: { secrets: 'mask' }, hmac_key: '[REDACTED]', blocked_key_patterns: ['token'] },
    },
    service: { http: { endpoint: '127.0.0.1:8080' } },
  })
})

function problemsOf(name: string, text: string, env: Record<string, string>): readonly ConfigProblem[] {
  try {
    loadConfig([{ name, text }], components, { env, readFile: () => '' })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describeWithData('otlp/alloy', () => {
  const folder = sharedData('otlp/alloy')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))

  test('configurations of the stock collector are read: they are valid, or the problems say where', () => {
    const env = new Proxy<Record<string, string>>({}, { get: () => 'value' })
    expect(files.length).toBeGreaterThan(50)
    const lost = files.flatMap((file) => {
      const problems = problemsOf(file, readFileSync(`${folder}/${file}`, 'utf8'), env)
      return problems.filter(({ place, path }) => place === undefined && path === '').map(problemLine)
    })
    expect(lost).toEqual([])
  })
})
