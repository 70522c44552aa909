import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alertMessage } from './alert-message.ts'
import { CommandNotifier } from './command-notifier.ts'
import { RefusedMessageError } from './refused-message-error.ts'
import { testAlert } from './test-alert.ts'
import { WebhookNotifier } from './webhook-notifier.ts'

const message = alertMessage([testAlert('AgentNotRunning', 0)], { receiver: 'r', sidecar: 's', url: '' })
const webhook = (url: string, timeoutMs = 5000): WebhookNotifier =>
  new WebhookNotifier({ name: 'w', url, headers: {}, timeoutMs, userAgent: 'test/0' })
const command = (argv: readonly [string, ...string[]], timeoutMs = 20_000): CommandNotifier =>
  new CommandNotifier({ name: 'c', argv, env: { ONLY: 'this' }, timeoutMs })

async function answering(status: number | undefined): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((_request, response) => {
    if (status !== undefined) response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('secret answer')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test.each([[200], [204]])('a webhook that answers %s took it', async (status) => {
  await using server = await answering(status)
  await expect(webhook(server.url).notify(message)).resolves.toBeUndefined()
})

test.each([[500], [403], [302]])(
  'one that answers %s did not, and the error names neither URL nor answer',
  async (status) => {
    await using server = await answering(status)
    await expect(webhook(server.url).notify(message)).rejects.toThrow(new Error(`it answered ${status}`))
  },
)

test.each([
  [400, true],
  [413, true],
  [401, false],
  [404, false],
  [429, false],
  [503, false],
])('%s is about the message: %s', async (status, isAboutMessage) => {
  await using server = await answering(status)
  const error = await webhook(server.url)
    .notify(message)
    .catch((reason: unknown) => reason)
  expect(error instanceof RefusedMessageError).toBe(isAboutMessage)
})

test('one that does not answer, or is not there, is an error in a word', async () => {
  await using server = await answering(undefined)
  await expect(webhook(server.url, 50).notify(message)).rejects.toThrow('no answer within 50 ms')
  await expect(webhook('http://127.0.0.1:1/secret').notify(message)).rejects.toThrow('ECONNREFUSED')
})

test('a command gets the message on its standard input, its arguments as they are, and no environment but its own', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'spanwarden-command-')), 'out')
  const script = `require('fs').writeFileSync(process.argv[1], JSON.stringify([require('fs').readFileSync(0, 'utf8'), process.argv[2], process.env]))`
  await command([process.execPath, '-e', script, file, '$(id) ; "x"']).notify(message)
  const [input, argument, env] = JSON.parse(readFileSync(file, 'utf8'))
  expect(JSON.parse(input)).toEqual(message)
  expect([argument, env]).toEqual(['$(id) ; "x"', { ONLY: 'this' }])
})

test('a command that fails, is not there, or does not end is an error', async () => {
  await expect(command([process.execPath, '-e', 'process.exit(3)']).notify(message)).rejects.toThrow('exit code 3')
  await expect(command(['/nowhere/at/all']).notify(message)).rejects.toThrow('can not be started (ENOENT)')
  await expect(command(['/bin/sleep', '60'], 50).notify(message)).rejects.toThrow('did not end within 50 ms')
})
