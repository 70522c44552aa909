import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { until } from '../../../../test/support/until.ts'
import { httpConfig } from './http-config.ts'

const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })

interface Identity {
  readonly cert: string
  readonly key: string
}

/** An authority, and certificates that it signs. */
class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spanwarden-ca-'))
  readonly ca: Identity

  constructor() {
    this.ca = this.#make('ca', [])
  }

  sign(name: string): Identity {
    return this.#make(name, ['-CA', this.ca.cert, '-CAkey', this.ca.key])
  }

  #make(name: string, more: readonly string[]): Identity {
    const [cert, key] = [join(this.#folder, `${name}.pem`), join(this.#folder, `${name}.key`)]
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
    execFileSync('openssl', ['req', '-x509', '-days', '1', ...keys, '-out', cert, ...subject, ...more], {
      stdio: 'ignore',
    })
    return { cert, key }
  }
}

const authority = new Authority()
const server = authority.sign('server')
const client = authority.sign('client')
const stranger = new Authority().sign('client')
const tls = { cert_file: server.cert, key_file: server.key }

const read = ({ cert, key }: Identity) => ({ cert: readFileSync(cert), key: readFileSync(key) })

/** The status of a post, or the code of what went wrong. */
function send(url: string, options: object = {}): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/x-protobuf' }
    const all = { method: 'POST', ca: readFileSync(authority.ca.cert), headers, agent: false, ...options }
    request(`${url}/v1/traces`, all, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
      .end(batch)
  })
}

async function commonName(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

test('with client_ca_file only clients with a certificate of it come in, and the others are counted', async () => {
  const mutual = { ...tls, client_ca_file: authority.ca.cert }
  await using receiver = await startReceiver({ http: { tls: mutual }, grpc: { tls: mutual } })
  expect(await send(receiver.http, read(client))).toBe(200)
  for (const options of [{}, read(stranger)]) expect(await send(receiver.http, options)).toEqual(expect.any(String))
  const session = connectHttp2(receiver.grpc, { ca: readFileSync(authority.ca.cert), ...read(client) })
  await once(session, 'remoteSettings')
  session.close()
  const refused = connectHttp2(receiver.grpc, { ca: readFileSync(authority.ca.cert), ...read(stranger) })
  refused.on('error', () => {})
  await new Promise((resolve) => refused.once('close', resolve))
  expect(receiver.received).toHaveLength(1)
  const closed = (transport: string): number =>
    receiver.metrics.read('otelcol_receiver_closed_connections', {
      receiver: 'otlp',
      transport,
      reason: 'handshake',
    }) ?? 0
  await until(() => closed('http') === 2 && closed('grpc') === 1)
})

test('changed certificates are used for new connections; those that are there go on; broken ones are not used', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-tls-'))
  const own = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') }
  const put = ({ cert, key }: Identity): void => {
    copyFileSync(cert, own.cert_file)
    copyFileSync(key, own.key_file)
  }
  put(server)
  const changing = { ...own, reload_interval: '20ms' }
  await using receiver = await startReceiver({ http: { tls: changing }, grpc: { tls: changing } })
  const reloads = (outcome: string): number =>
    receiver.metrics.read('otelcol_receiver_tls_reloads', { receiver: 'otlp', outcome }) ?? 0
  const names = () => Promise.all([commonName(receiver.http), commonName(receiver.grpc)])
  expect(await names()).toEqual(['server', 'server'])

  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  expect(await send(receiver.http, { agent })).toBe(200)
  const kept = Object.values(agent.freeSockets).flat()[0]

  put(authority.sign('renewed'))
  await until(async () => (await names()).every((name) => name === 'renewed'))
  expect(await send(receiver.http, { agent })).toBe(200)
  expect(kept?.destroyed).toBe(false)
  expect(Object.values(agent.freeSockets).flat()[0]).toBe(kept)
  agent.destroy()

  writeFileSync(own.key_file, 'broken')
  await until(() => reloads('failure') > 0)
  expect(await names()).toEqual(['renewed', 'renewed'])
  expect(receiver.logged.filter((line) => line.includes('can not be used')).length).toBeLessThanOrEqual(2)

  put(authority.sign('mended'))
  await until(async () => (await names()).every((name) => name === 'mended'))
})

test('a client whose authority is gone comes in no longer, also not by resuming its session', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-tls-'))
  const client_ca_file = join(folder, 'ca.pem')
  copyFileSync(authority.ca.cert, client_ca_file)
  const mutual = { ...tls, client_ca_file, reload_interval: '20ms', max_version: '1.2' }
  await using receiver = await startReceiver({ http: { tls: mutual } })
  const { hostname, port } = new URL(receiver.http)
  const options = { host: hostname, port: Number(port), ca: readFileSync(authority.ca.cert), ...read(client) }
  const first = connect(options)
  const [session]: Buffer[] = await once(first, 'session')
  first.destroy()
  copyFileSync(new Authority().ca.cert, client_ca_file)
  await until(
    () => (receiver.metrics.read('otelcol_receiver_tls_reloads', { receiver: 'otlp', outcome: 'success' }) ?? 0) > 0,
  )
  expect(await send(receiver.http, { ...read(client), ...(session === undefined ? {} : { session }) })).toEqual(
    expect.any(String),
  )
  expect(receiver.received).toEqual([])
})

test('versions, suites and curves are the ones that are chosen', async () => {
  const chosen = {
    ...tls,
    max_version: '1.2',
    cipher_suites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    curve_preferences: ['P384'],
  }
  await using receiver = await startReceiver({ http: { tls: chosen } })
  const { hostname, port } = new URL(receiver.http)
  const socket = connect({ host: hostname, port: Number(port), ca: readFileSync(authority.ca.cert) })
  await once(socket, 'secureConnect')
  expect(socket.getProtocol()).toBe('TLSv1.2')
  expect(socket.getCipher().standardName).toBe('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384')
  expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' })
  socket.destroy()
  await using only12 = await startReceiver({
    http: { tls: { ...tls, cipher_suites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] } },
  })
  expect(await send(only12.http, { minVersion: 'TLSv1.3' })).toBe(200)
})

test('a handshake that does not come is ended', async () => {
  await using receiver = await startReceiver({ http: { tls, handshake_timeout: '100ms' } })
  const { connect: dial } = await import('node:net')
  const { hostname, port } = new URL(receiver.http)
  const socket = dial(Number(port), hostname)
  await once(socket, 'close')
  expect(receiver.received).toEqual([])
})

test.each([
  [{ cert_file: 'a' }, 'key_file'],
  [{ ...tls, cert_pem: 'x' }, 'cert_file'],
  [{ ...tls, min_version: '1.1' }, 'min_version'],
  [{ ...tls, min_version: '1.3', max_version: '1.2' }, 'max_version'],
  [{ ...tls, cipher_suites: ['TLS_RSA_WITH_RC4_128_SHA'] }, 'cipher_suites'],
])('%j is no configuration', (options, key) => {
  const { error } = httpConfig.safeParse({ tls: options })
  expect(error?.issues[0]?.path).toContain(key)
})

test('a file that is not there is named', async () => {
  await expect(
    startReceiver({ http: { tls: { cert_file: '/no/cert.pem', key_file: '/no/key.pem' } } }),
  ).rejects.toThrow('can not read /no/cert.pem')
})
