import { describe, expect, test } from 'vitest'
import { describeWithData } from '../../../test/support/shared-data.ts'
import { readStockSamples } from '../../../test/support/stock-configs.ts'
import type { StockSample } from '../../../test/support/stock-configs.ts'
import { problemLine } from './problem.ts'

/** Samples that the stock collector refuses as well, and what we say of them. */
const INVALID: readonly (readonly [RegExp, RegExp])[] = [
  [/envvars\/default_value_format/, /write it as host:port/],
  [/envvars\/unknown_scheme/, /there is no source wow; write \$\{env:NAME\}/],
  [/otelcol_errors\/invalid_config/, /at least one receiver or connector is needed/],
  [/(otlphttp|oauth2|bearertoken)\.yaml/, /endpoint: write it as http:\/\/host:port or https:\/\/host/],
  [/invalid_configs\.yaml#no_endpoint/, /endpoint: it is required/],
  [
    /invalid_configs\.yaml#(https?_endpoint|missing_port|invalid_port|invalid_unix_socket)/,
    /endpoint: write it as host:port/,
  ],
  [/invalid_configs\.yaml#invalid_timeout/, /"-5s" is not a duration; write it like/],
  [/invalid_configs\.yaml#invalid_retry/, /randomization_factor: too small: expected number to be >=0/],
  [/invalid_configs\.yaml#invalid_tls/, /min_version: invalid option: expected one of "1.2"\|"1.3"/],
  [/otlphttpexporter\/testdata\/bad_invalid_encoding/, /encoding: invalid option: expected one of "proto"\|"json"/],
  [/invalid_(traces|metrics|logs)_path/, /_url_path: write it as \/path/],
  [/bad_no_proto_config/, /protocols: it is required/],
  [/bad_proto_config/, /thrift: unknown key; there are grpc, http/],
  [/typo_default_proto_config/, /htttp: unknown key; did you mean http\?/],
  [/config_invalid_deprecated_address/, /address: write it as host:port/],
  [/config_invalid_unknown_field/, /metrics\.unknown: unknown key; there are level, address/],
  [/issue-10787-main/, /give limit_mib or limit_percentage/],
  [/tail_sampling\.yaml/, /tail_sampling has no metrics here, only traces/],
  [/negative_unsigned_limits/, /limit_mib: too small/],
]
/** Read by the stock collector without looking at it; a request could not be sent with it. */
const IMPOSSIBLE = /headers\.can you have a \. here\?: "can you have a \. here\?" is not a valid header/
/** The sample is a part; the whole would define it. */
const NOT_DEFINED = /auth\.authenticator: extension (nop|test) is not defined/
/** A key that we have decided not to have, and what to do instead. */
const REFUSED = /: is not supported here: .|here; use .* or a stock collector/
/** What a person can do about a component. */
const ADVICE =
  /has it: (let that|send to it|name the|take it out)|did you mean|move it to|nor has the stock collector one; there are|is called|is gone/

const lines = ({ problems }: StockSample): string[] => problems.map(problemLine)

describeWithData('otlp', () => {
  const samples = readStockSamples()

  test('there are samples of all kinds', () => {
    expect(samples.length).toBeGreaterThan(150)
    expect(samples.filter(({ problems }) => problems.length === 0).length).toBeGreaterThan(45)
    expect(samples.filter(({ missing }) => missing.length > 0).length).toBeGreaterThan(40)
  })

  describe('a sample that needs only components we have loads, or is told what the stock collector tells it, or what to write instead', () => {
    const own = samples.filter(({ missing, isOther }) => missing.length === 0 && !isOther)
    test.each(own.map((sample) => [sample.name, sample] as const))('%s', (name, sample) => {
      const expected = INVALID.filter(([file]) => file.test(name)).map(([, message]) => message)
      for (const message of expected) expect(lines(sample).join('\n')).toMatch(message)
      const known = [...expected, IMPOSSIBLE, NOT_DEFINED, REFUSED]
      const isOurs = expected.length > 0 ? () => false : (line: string) => !known.some((message) => message.test(line))
      expect(lines(sample).filter(isOurs)).toEqual([])
    })
  })

  describe('a sample with other components says for each of them what to do', () => {
    const foreign = samples.filter(({ missing, isOther }) => missing.length > 0 && !isOther)
    test.each(foreign.map((sample) => [sample.name, sample] as const))('%s', (_, sample) => {
      for (const component of new Set(sample.missing)) {
        const said = lines(sample).filter(
          (line) => line.includes(`there is no ${component}`) || line.includes(`: ${component.split(' ')[1]} is `),
        )
        expect(said).not.toEqual([])
        for (const line of said) expect(line).toMatch(ADVICE)
      }
    })
  })

  test('what is no configuration is refused, not crashed upon', () => {
    const other = samples.filter(({ isOther }) => isOther)
    expect(other.filter(({ problems }) => problems.length === 0).map(({ name }) => name)).toEqual([])
  })

  test('every problem and notice is one line with its place, without a stack', () => {
    const all = samples.flatMap(({ problems, warnings }) => [...problems, ...warnings])
    const wrong = all.filter(({ place, path, message }) => {
      const isWhole = path === 'service.pipelines' || path === ''
      return (place === undefined && !isWhole) || /\n|^ {4}at |\bundefined\b|\[object/.test(message)
    })
    expect(wrong).toEqual([])
  })
})
