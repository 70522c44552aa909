import { once } from 'node:events'
import { createServer } from 'node:http'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { startReceiver } from '../../../../test/support/running-receiver.ts'
import { post } from '../../../../test/support/post.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { TURN_BYTES_MAX } from './body-turns.ts'

/** Longer than anything here takes: a test that hangs says so. */
const SENT_TIMEOUT_MS = 30_000

/**
 * In a thread of its own, for the one under test is busy: opens connections and sends a body over each; later another one over each and, over a new
 * connection, a question for health. They are as small as a socket takes at once. Says when all that is with the kernel.
 */
const SENDER = `
const { connect } = require('node:net')
const { parentPort, workerData: { otlpPort, healthPort, small, flag } } = require('node:worker_threads')
const write = (socket, head, bytes) =>
  new Promise((resolve) => socket.write(Buffer.concat([Buffer.from(head + '\\r\\n\\r\\n'), bytes]), resolve))
const post = (socket, bytes) =>
  write(socket, 'POST /v1/traces HTTP/1.1\\r\\nhost: localhost\\r\\ncontent-type: application/x-protobuf\\r\\ncontent-length: ' + bytes.length, bytes)
const sockets = [1, 2, 3].map(() => connect(otlpPort, '127.0.0.1'))
const answers = sockets.map((socket) => new Promise((resolve) => socket.on('data', resolve)))
for (const socket of sockets) post(socket, small)
Promise.all(answers).then(() => parentPort.postMessage('open'))
parentPort.once('message', async () => {
  await Promise.all(sockets.map((socket) => post(socket, small)))
  const asking = connect(healthPort, '127.0.0.1')
  asking.resume()
  await write(asking, 'GET /livez HTTP/1.1\\r\\nhost: localhost', Buffer.alloc(0))
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
})
`
const portOf = (url: string): number => Number(new URL(url).port)

test('bodies that come while one is worked on wait for each other, and everything else comes in between', async () => {
  const order: string[] = []
  const push = (what: string): void => {
    if (order.push(what) === 5) done()
  }
  let isOpen = false
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const { promise: allDone, resolve: done } = Promise.withResolvers<void>()
  await using receiver = await startReceiver({
    processors: [
      {
        id: 'slow',
        component: {
          process() {
            if (!isOpen) return
            if (order.length === 0) {
              // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
              sender.postMessage('go')
              Atomics.wait(flag, 0, 0, SENT_TIMEOUT_MS)
            }
            push('body')
          },
        },
      },
    ],
  })
  const health = createServer((_request, response) => {
    push('health')
    response.end()
  }).listen(0, '127.0.0.1')
  await once(health, 'listening')
  const address = health.address()
  const bodyOf = (length: number): Buffer =>
    spanBatch({ spans: [{ spanId: '0102030405060708', name: 'x'.repeat(length) }] })
  const healthPort = typeof address === 'object' ? address?.port : 0
  const sender = new Worker(SENDER, {
    eval: true,
    workerData: { otlpPort: portOf(receiver.http), healthPort, small: bodyOf(1), flag },
  })
  await once(sender, 'message')
  isOpen = true
  expect((await post(`${receiver.http}/v1/traces`, bodyOf(TURN_BYTES_MAX))).status).toBe(200)
  await allDone
  expect(order).toEqual(['body', 'health', 'body', 'body', 'body'])
  await sender.terminate()
  health.close()
})
