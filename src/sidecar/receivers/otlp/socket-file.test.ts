import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { expect, test } from 'vitest'
import { post } from '../../../../test/support/post.ts'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'

const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const folder = (): string => mkdtempSync(join(tmpdir(), 'spanwarden-socket-'))
const asIs = (bytes: Buffer): Buffer => bytes

test('both protocols on sockets that only the owner can open, gone after the end', async () => {
  const [grpcPath, httpPath] = [join(folder(), 'g.sock'), join(folder(), 'h.sock')]
  const receiver = await startReceiver({
    grpc: { endpoint: `unix://${grpcPath}` },
    http: { endpoint: httpPath, transport: 'unix' },
  })
  expect([receiver.grpc, receiver.http]).toEqual([`unix://${grpcPath}`, `unix://${httpPath}`])
  for (const path of [grpcPath, httpPath]) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect((await post('http://anything/v1/traces', batch, { socketPath: httpPath })).status).toBe(200)
  const client = new Client(`unix:${grpcPath}`, credentials.createInsecure())
  const error = await new Promise((resolve) => {
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
    client.makeUnaryRequest(path, asIs, asIs, batch, new Metadata(), resolve)
  })
  client.close()
  expect(error).toBeNull()
  expect(receiver.received).toHaveLength(2)
  expect(receiver.metrics.read('otelcol_receiver_fast_requests', { receiver: 'otlp' })).toBe(1)
  await receiver.stop()
  expect([existsSync(grpcPath), existsSync(httpPath)]).toEqual([false, false])
})

const start = (path: string) => startReceiver({ http: { endpoint: `unix://${path}` } })

test('a socket that somebody answers on stays, one that is left is replaced', async () => {
  const path = join(folder(), 'h.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  expect(statSync(path).isSocket()).toBe(true)
  await using first = await start(path)
  await expect(start(path)).rejects.toThrow('is in use by another process')
  expect((await post('http://x/v1/traces', batch, { socketPath: path })).status).toBe(200)
  expect(first.received).toHaveLength(1)
  expect(readdirSync(join(path, '..'))).toEqual(['h.sock'])
})

test('a socket that was put in place of ours is not taken away', async () => {
  const path = join(folder(), 'h.sock')
  const receiver = await start(path)
  const { renameSync } = await import('node:fs')
  renameSync(path, `${path}.old`)
  const other = createServer().listen(path)
  await once(other, 'listening')
  await receiver.stop()
  expect(existsSync(path)).toBe(true)
  other.close()
})

test.each([
  ['a file that is no socket', (path: string) => writeFileSync(path, 'x'), 'is there and is no socket'],
  ['a folder that is not there', (path: string) => join(path, 'no', 'x'), 'ENOENT'],
  ['a path that is too long', (path: string) => path + 'x'.repeat(200), 'too long for a socket'],
])('%s is said', async (_, prepare, message) => {
  const path = join(folder(), 'h.sock')
  await expect(start(prepare(path) ?? path)).rejects.toThrow(message)
})

test('no moment at which another user could open it', async () => {
  const at = folder()
  chmodSync(at, 0o777)
  const path = join(at, 'h.sock')
  const modes = new Set<number>()
  const look = setInterval(() => {
    // What stands in a folder that others cannot enter is out of their reach whatever its own mode says.
    for (const name of readdirSync(at)) {
      const status = statSync(join(at, name), { throwIfNoEntry: false })
      if (status !== undefined) modes.add(status.mode & 0o077)
    }
  })
  for (let i = 0; i < 20; i++) await (await start(path)).stop()
  clearInterval(look)
  expect([...modes]).toEqual([0])
})
