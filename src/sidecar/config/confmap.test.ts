import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { expandYaml } from './expand-yaml.ts'
import { LocatedYaml, parseLocatedYaml } from './located-yaml.ts'

/** The stock collector's own cases, with what its tests expect (confmap/internal/e2e/expand_test.go, confmap/confmap_test.go). */
const folder = 'otlp/opentelemetry-collector/testdata/confmap'

const read = (name: string): string => readFileSync(sharedData(folder, name), 'utf8')

function expanded(text: string, env: Readonly<Record<string, string>> = {}, files: Record<string, string> = {}) {
  const readFile = (name: string): string => {
    const found = files[name]
    if (found === undefined) throw new Error(`no file ${name}`)
    return found
  }
  const { yaml, problems } = expandYaml(parseLocatedYaml('a', text).yaml, { env, readFile })
  expect(problems).toEqual([])
  return yaml
}

describeWithData(folder, () => {
  const ENV = {
    ENV_VALUE: 'some expanded value',
    ENV_LIST: "['$$ESCAPE_ME','$${ESCAPE_ME}','$${env:ESCAPE_ME}']",
    ENV_MAP: "{'key1':'$$ESCAPE_ME','key2':'$${ESCAPE_ME}','key3':'$${env:ESCAPE_ME}'}",
    ENV_NESTED_DOLLARSIGN: 'here is 1 $$',
    ENV_NESTED_DOLLARSIGN_ESCAPED: 'here are 2 $$$',
    ENV_EXPAND_NESTED: '${env:ENV_VALUE} came from nested expansion',
  }

  test('escapes are read as the stock collector reads them; a text in a variable stays what it is', () => {
    const { value } = expanded(read('internal/e2e/testdata/expand-escaped-env.yaml'), ENV)
    expect(value).toEqual({
      test_map: {
        key1: '$ENV_VALUE',
        key2: '$$ENV_VALUE',
        key3: '$some expanded value',
        key4: 'somesome expanded valuetext',
        key5: 'some${ENV_VALUE}text',
        key6: '${ONE}${TWO}',
        key7: 'text$',
        key8: '$',
        key9: '${1}${env:2}',
        key10: 'some${env:ENV_VALUE}text',
        key11: '${env:some expanded value}',
        key12: '${env:${ENV_VALUE}}',
        key13: 'env:MAP_VALUE_2}${ENV_VALUE}{',
        key14: '$some expanded value',
        key15: '$ENV_VALUE',
        key16: ['$ESCAPE_ME', '${ESCAPE_ME}', '${env:ESCAPE_ME}'],
        key17: { key1: '$ESCAPE_ME', key2: '${ESCAPE_ME}', key3: '${env:ESCAPE_ME}' },
        // Here we differ on purpose: the stock collector makes "here is 1 $", "here are 2 $$" and an expanded text of these three.
        key18: ENV.ENV_NESTED_DOLLARSIGN,
        key19: ENV.ENV_NESTED_DOLLARSIGN_ESCAPED,
        key20: ENV.ENV_EXPAND_NESTED,
        key21: 'default_value',
        key22: '${env:UNDEFINED_KEY:-${env:UNDEFINED_KEY}}',
      },
    })
  })

  test('a file in a variable folder that names lists in variables', () => {
    const main = read('internal/e2e/testdata/indirect-slice-env-var-main.yaml')
    const env = { BASE_FOLDER: 'base', OTEL_LOGS_RECEIVER: '[nop, otlp]', OTEL_LOGS_EXPORTER: '[otlp_grpc, nop]' }
    const files = {
      'base/indirect-slice-env-var-pipelines.yaml': read('internal/e2e/testdata/indirect-slice-env-var-pipelines.yaml'),
    }
    expect(expanded(main, env, files).value).toMatchObject({
      service: { pipelines: { logs: { receivers: ['nop', 'otlp'], exporters: ['otlp_grpc', 'nop'] } } },
    })
  })

  test('a comment with a reference in a file is no reference', () => {
    const files = {
      'testdata/issue-10787-snippet.yaml': read('internal/e2e/testdata/issue-10787-snippet.yaml'),
    }
    const { value } = expanded(read('internal/e2e/testdata/issue-10787-main.yaml'), {}, files)
    expect(value).toMatchObject({ exporters: { debug: { verbosity: 'detailed' } } })
  })

  test.each([
    ['123', 123],
    ['0xdeadbeef', 0xdeadbeef],
    ['true', true],
    ['1.5', 1.5],
    ['t', 't'],
    ['"0123"', '"0123"'],
    ['[1, 2]', [1, 2]],
    ['', null],
  ])('the variable %j is %j, and its own text where a text is wanted', (text, value) => {
    const yaml = expanded(read('internal/e2e/testdata/types_expand.yaml'), { ENV: text })
    expect(yaml.value).toEqual({ field: value })
    const isText = typeof value === 'string' || Array.isArray(value)
    expect(yaml.textOf(['field'])).toBe(isText ? undefined : text)
    expect(expanded(read('internal/e2e/testdata/types_expand_inline.yaml'), { ENV: text }).value).toEqual({
      field: `inline field with ${text} expansion`,
    })
  })

  test('several configurations are merged as without the feature gate: maps by key, lists replaced', () => {
    const scenarios: { name: string; configs: unknown[]; expected: unknown }[] = parse(
      read('testdata/merge-append-scenarios-featuregate-disabled.yaml'),
    )
    expect(scenarios.length).toBe(3)
    for (const { name, configs, expected } of scenarios) {
      const merged = configs.reduce<LocatedYaml>(
        (base, config) => base.mergedWith(new LocatedYaml(config)),
        new LocatedYaml({}),
      )
      expect({ name, value: merged.value }).toEqual({ name, value: expected })
    }
  })
})
