import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { describeWithData, sharedData } from '../../../../test/support/shared-data.ts'
import { otlp } from '../otlp.ts'
import { grpcConfig } from './grpc-config.ts'
import { httpConfig } from './http-config.ts'
import { listenerAddress } from './listener-config.ts'

describe('where to listen', () => {
  test.each([
    ['127.0.0.1:4318', 'tcp', { host: '127.0.0.1', port: 4318 }],
    [':4318', 'tcp', { host: '0.0.0.0', port: 4318 }],
    [':4318', 'tcp4', { host: '0.0.0.0', port: 4318 }],
    [':4318', 'tcp6', { host: '::', port: 4318, ipv6Only: true }],
    ['[::1]:4318', 'tcp', { host: '::1', port: 4318 }],
    ['/run/otlp.sock', 'unix', { path: '/run/otlp.sock', host: '', port: 0 }],
    ['unix:///run/otlp.sock', 'tcp', { path: '/run/otlp.sock', host: '', port: 0 }],
    ['unix:/run/otlp.sock', 'unix', { path: '/run/otlp.sock', host: '', port: 0 }],
  ])('%s, %s', (endpoint, transport, address) => {
    for (const schema of [httpConfig, grpcConfig]) {
      expect(listenerAddress(schema.parse({ endpoint, transport }))).toEqual(address)
    }
  })

  test.each([
    ['/run/otlp.sock', 'tcp', 'write transport: unix'],
    ['127.0.0.1:4318', 'unix', 'wants the path of a socket file'],
    ['localhost', 'tcp', 'write it as host:port'],
    ['unix://run/otlp.sock', 'tcp', 'unix:///path'],
  ])('%s is nothing for %s', (endpoint, transport, message) => {
    for (const schema of [httpConfig, grpcConfig]) {
      const { error } = schema.safeParse({ endpoint, transport })
      expect(error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
        ['endpoint', expect.stringContaining(message)],
      ])
    }
  })
})

test('limits of the stock collector mean the same; what it does not have has a default', () => {
  const http = httpConfig.parse({ max_request_body_size: 0 })
  expect([http.max_request_body_size, http.max_decompressed_body_size]).toEqual([20 * 2 ** 20, 64 * 2 ** 20])
  expect(httpConfig.parse({ max_request_body_size: 2 ** 30 }).max_decompressed_body_size).toBe(2 ** 30)
  expect(httpConfig.parse({ traces_url_path: 'traces' }).traces_url_path).toBe('/traces')
  const list = [{ name: 'X-A', value: 'b' }]
  expect(httpConfig.parse({ response_headers: list }).response_headers).toEqual({ 'X-A': 'b' })
  expect(grpcConfig.parse({}).max_recv_msg_size_mib).toBe(16)
  for (const keepalive of [null, {}, { server_parameters: null }, { enforcement_policy: {} }]) {
    expect(grpcConfig.parse({ keepalive }).keepalive).toMatchObject({
      server_parameters: { max_connection_idle: 600_000, max_connection_age: 0, time: 7_200_000, timeout: 20_000 },
      enforcement_policy: { min_time: 300_000, permit_without_stream: false },
    })
  }
})

describeWithData('otlp/opentelemetry-collector/testdata/receiver/otlpreceiver/testdata', () => {
  const folder = sharedData('otlp/opentelemetry-collector/testdata/receiver/otlpreceiver/testdata')
  const bad = (name: string): boolean => /^bad_|^invalid_|^typo_/.test(name)

  test.each(readdirSync(folder))('%s of the stock collector is read as it is there', (name) => {
    const { success } = otlp.config.safeParse(parse(readFileSync(join(folder, name), 'utf8')) ?? {})
    expect([name, success]).toEqual([name, !bad(name)])
  })
})
