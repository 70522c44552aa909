import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createExtension } from '../../../test/support/running-extension.ts'
import { bearertokenauth } from './bearertokenauth.ts'

async function start(config: object) {
  const running = createExtension(bearertokenauth, config)
  await running.extension.start?.()
  const accepts = async (headers: Record<string, string>) => await running.authenticator()?.accepts?.(headers)
  return { ...running, accepts, sends: () => running.authenticator()?.requestHeaders?.() }
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('knows its tokens and no other text', async () => {
  const { accepts, sends, authenticator } = await start({ tokens: ['first', 'second'] })
  expect(await accepts(bearer('first'))).toBe(true)
  expect(await accepts({ authorization: 'bearer  second' })).toBe(true)
  expect(sends()).toEqual({ authorization: 'Bearer first' })
  expect(authenticator()?.challenge).toBe('Bearer realm="otlp"')
  for (const authorization of [
    'first',
    'Bearer',
    'Bearer ',
    'Bearerfirst',
    'Basic first',
    'Bearer firs',
    'Bearer first second',
  ]) {
    expect([authorization, await accepts({ authorization })]).toEqual([authorization, false])
  }
  expect(await accepts({})).toBe(false)
  await fc.assert(
    fc.asyncProperty(fc.string(), async (token) => {
      expect(await accepts(bearer(token))).toBe(['first', 'second'].includes(token.trim()))
    }),
  )
})

test('another header, another scheme, no scheme', async () => {
  const key = await start({ header: 'X-Api-Key', scheme: '', token: 'geheim' })
  expect(await key.accepts({ 'x-api-key': 'geheim' })).toBe(true)
  expect(await key.accepts(bearer('geheim'))).toBe(false)
  expect(key.sends()).toEqual({ 'x-api-key': 'geheim' })
  const token = await start({ scheme: 'Token', token: 'geheim' })
  expect(await token.accepts({ authorization: 'Token geheim' })).toBe(true)
  expect(await token.accepts(bearer('geheim'))).toBe(false)
})

test('a file of tokens with comments, which changes', async () => {
  const filename = join(mkdtempSync(join(tmpdir(), 'spanwarden-auth-')), 'token')
  writeFileSync(filename, '  one   of Ann\n\ntwo\n')
  const { accepts, sends, context } = await start({ filename, token: 'unused' })
  const known = async () => {
    const tokens = ['one', 'two', 'three', 'unused', 'of']
    const results = await Promise.all(tokens.map((token) => accepts(bearer(token))))
    return tokens.filter((_, i) => results[i])
  }
  expect(await known()).toEqual(['one', 'two'])
  writeFileSync(filename, 'three')
  context.clock.advance(5000)
  expect(await known()).toEqual(['three'])
  expect(sends()).toEqual(bearer('three'))
  for (const change of [() => writeFileSync(filename, '\n'), () => rmSync(filename)]) {
    change()
    context.clock.advance(5000)
    expect(await known()).toEqual(['three'])
  }
  writeFileSync(filename, 'two')
  context.clock.advance(5000)
  expect(await known()).toEqual(['two'])
})

test('without its file it does not start, unless it may wait for it; meanwhile nobody is known', async () => {
  const filename = join(mkdtempSync(join(tmpdir(), 'spanwarden-auth-')), 'token')
  await expect(start({ filename })).rejects.toThrow(`can not read ${filename} (ENOENT)`)
  await expect(start({ filename, retry_on_failure: { enabled: true }, wait_for_token_file: true })).rejects.toThrow(
    'ENOENT',
  )
  const { accepts, context } = await start({ filename, retry_on_failure: { enabled: true } })
  expect(await accepts(bearer(''))).toBe(false)
  writeFileSync(filename, 'one')
  context.clock.advance(5000)
  expect(await accepts(bearer('one'))).toBe(true)
})

test.each([{}, { token: '' }, { token: 'a', tokens: ['b'] }, { tokens: [''] }, { token: 'a', header: 'a b' }])(
  '%j is no configuration',
  (config) => {
    expect(bearertokenauth.config.safeParse(config).success).toBe(false)
  },
)
