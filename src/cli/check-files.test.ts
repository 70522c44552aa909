import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { certificate } from '../../test/support/certificate.ts'
import { components } from '../../test/support/all-components.ts'
import { problemLine } from '../sidecar/config/problem.ts'
import { loadConfig } from '../sidecar/config.ts'
import { checkFiles } from './check-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-files-'))
const file = (name: string, text: string | Buffer, mode = 0o600): string => {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), mode)
  return join(folder, name)
}
const { cert, key } = certificate()
const other = certificate()
const certFile = file('cert.pem', cert)
const keyFile = file('key.pem', key)

function check(
  tls: object,
  { state = folder, days = 0, more = {} }: { state?: string; days?: number; more?: object } = {},
) {
  const config = {
    receivers: { otlp: { protocols: { http: null } } },
    exporters: { otlp_grpc: { endpoint: 'b:1', tls } },
    ...more,
    service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_grpc'] } } },
  }
  const loaded = loadConfig([{ name: 'a', text: JSON.stringify(config) }], components, { env: {}, readFile: () => '' })
  const { problems, warnings } = checkFiles(loaded, state, new Date(Date.now() + days * 86_400_000))
  const said = (line: string): string => line.replaceAll(folder, '').replace(/^a:1:\d+: /, '')
  return { problems: problems.map(problemLine).map(said), warnings: warnings.map(problemLine).map(said) }
}

test('a certificate, its key and an authority that are there', () => {
  expect(check({ cert_file: certFile, key_file: keyFile, ca_file: certFile })).toEqual({
    problems: [],
    // The certificate of the tests is good for one day.
    warnings: [
      'exporters.otlp_grpc.tls.ca_file: /cert.pem: the certificate expires in 0 days; renew it',
      'exporters.otlp_grpc.tls.cert_file: /cert.pem: the certificate expires in 0 days; renew it',
    ],
  })
})

test.each([
  [
    'a file that is not there',
    { ca_file: join(folder, 'none') },
    "tls.ca_file: can't read /none (ENOENT); make it, or correct the name",
  ],
  ['a folder in place of a file', { ca_file: folder }, 'tls.ca_file:  is no file'],
  ['no certificate', { ca_file: file('text', 'text') }, 'tls.ca_file: /text holds no certificate in PEM'],
  ['an empty file', { ca_file: file('empty', '') }, 'tls.ca_file: /empty is empty'],
  [
    'the key of another certificate',
    { cert_file: certFile, key_file: file('other.pem', other.key) },
    'tls.key_file: the key is not that of the certificate in cert_file, or it is locked by a passphrase',
  ],
])('%s', (_, tls, problem) => {
  expect(check(tls).problems).toContain(`exporters.otlp_grpc.${problem}`)
})

test('a certificate that has expired', () => {
  expect(check({ ca_file: certFile }, { days: 3 }).problems).toEqual([
    expect.stringMatching(/tls\.ca_file: \/cert\.pem: the certificate has expired on .*; renew it/),
  ])
})

test('a key that others can read', () => {
  expect(check({ cert_file: certFile, key_file: file('open.pem', key, 0o644) }).warnings).toContain(
    'exporters.otlp_grpc.tls.key_file: /open.pem can be read by other users of this machine; chmod 600 it',
  )
})

test('a state folder below a file', () => {
  expect(check({}, { state: `${certFile}/state` }).problems).toEqual([
    "service: can't write in /cert.pem/state (ENOTDIR); correct the name".replace(
      'service: ',
      'service.state_folder: ',
    ),
  ])
})

test('a price file with faults is told line by line', () => {
  const prices = file('prices.json', '{"models": 3}')
  const more = { processors: { cost: { prices_file: prices } } }
  const { problems } = check({}, { more })
  expect(problems.length).toBeGreaterThan(0)
  for (const line of problems) expect(line).toMatch(/^processors\.cost\.prices_file: \/prices\.json: ./)
})

test('the path of the scrape is none of the disk', () => {
  const path = `${file('no-folder', 'x')}/metrics`
  const withExporter = (exporter: string): readonly string[] =>
    check({}, { more: { exporters: { otlp_grpc: { endpoint: 'b:1' }, [exporter]: { path } } } }).problems
  expect(withExporter('prometheus')).toEqual([])
  expect(withExporter('file/own')).toEqual(['exporters.file/own.path: /no-folder is no folder'])
})
