import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createExtension } from '../../../test/support/running-extension.ts'
import { basicauth } from './basicauth.ts'

const BCRYPT = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
const file = (name: string, text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'spanwarden-auth-')), name)
  writeFileSync(path, text)
  return path
}

test('knows names and passwords, from a file and inline, which counts', async () => {
  const path = file('htpasswd', `ann:${BCRYPT}\nbob:from file`)
  const { extension, authenticator } = createExtension(basicauth, { htpasswd: { file: path, inline: 'bob:inline' } })
  expect(authenticator()).toBeUndefined()
  await extension.start?.()
  const accepts = async (headers: object) => await authenticator()?.accepts?.({ ...headers })
  expect(authenticator()?.challenge).toBe('Basic realm="otlp", charset="UTF-8"')
  expect(await accepts(basic('ann:U*U'))).toBe(true)
  expect(await accepts(basic('ann:U*U*'))).toBe(false)
  expect(await accepts(basic('bob:inline'))).toBe(true)
  expect(await accepts(basic('bob:from file'))).toBe(false)
  expect(await accepts(basic('eve:U*U'))).toBe(false)
  for (const authorization of [
    '',
    'Basic',
    'Basic !',
    'Bearer x',
    basic('no colon').authorization,
    `Basic ${'QQ'.repeat(5000)}`,
  ]) {
    expect(await accepts({ authorization })).toBe(false)
  }
  expect(await accepts({})).toBe(false)
  await extension.stop?.()
  expect(authenticator()).toBeUndefined()
})

test('a file that changes is read again; a broken one leaves what was before, and is told without its text', async () => {
  const path = file('htpasswd', 'ann:one')
  const { extension, authenticator, context } = createExtension(basicauth, { htpasswd: { file: path } })
  await extension.start?.()
  const accepts = async (text: string) => await authenticator()?.accepts?.(basic(text))
  expect(await accepts('ann:one')).toBe(true)
  writeFileSync(path, 'ann:two')
  context.clock.advance(5000)
  expect([await accepts('ann:one'), await accepts('ann:two')]).toEqual([false, true])
  writeFileSync(path, 'ann:$6$geheim')
  context.clock.advance(20_000)
  expect(await accepts('ann:two')).toBe(true)
  expect(context.logged.map(({ level }) => level)).toEqual(['warn'])
  expect(JSON.stringify(context.logged)).not.toContain('geheim')
  await extension.stop?.()
})

test('what an exporter sends, from files that change', async () => {
  const path = file('password', 'geheim\n')
  const config = { client_auth: { username: 'ann', password: 'unused', password_file: path } }
  const { extension, authenticator, context } = createExtension(basicauth, config)
  await extension.start?.()
  expect(authenticator()?.requestHeaders?.()).toEqual(basic('ann:geheim'))
  writeFileSync(path, 'neu')
  context.clock.advance(5000)
  expect(authenticator()?.requestHeaders?.()).toEqual(basic('ann:neu'))
  expect(authenticator()?.accepts).toBeUndefined()
})

test('a file that is not there is named at the start, and a wrong line at once', async () => {
  const { extension } = createExtension(basicauth, { htpasswd: { file: '/no/htpasswd' } })
  await expect(extension.start?.()).rejects.toThrow('can not read /no/htpasswd (ENOENT)')
  expect(() => createExtension(basicauth, { htpasswd: { inline: 'ann' } })).toThrow('line 1 is not user:password')
})

test.each([{}, { htpasswd: {} }, { htpasswd: { inline: 'a:b' }, client_auth: { username: 'a' } }])(
  '%j is no configuration',
  (config) => {
    expect(basicauth.config.safeParse(config).success).toBe(false)
  },
)
