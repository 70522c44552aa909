import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** Has only what its owner may change. */
let state = ''
beforeEach(() => (state = mkdtempSync(join(tmpdir(), 'spanwarden-cache-'))))
afterEach(() => rmSync(state, { recursive: true, force: true }))

test('compiled code is kept in the state folder, for its owner alone', () => {
  expect(cacheFolder()).toContain(join(state, 'compile-cache'))
  expect(statSync(join(state, 'compile-cache')).mode & 0o077).toBe(0)
})

test('no cache in a folder in which others may write: they could put code there', () => {
  const folder = join(state, 'compile-cache')
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  expect(cacheFolder()).toBe('none')
})

test('no cache below a state folder in which others may write: they could put another folder there', () => {
  chmodSync(state, 0o770)
  expect(cacheFolder()).toBe('none')
})

test('no cache behind a symbolic link', () => {
  mkdirSync(join(state, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(state, 'elsewhere'), join(state, 'compile-cache'))
  expect(cacheFolder()).toBe('none')
})

test('a place that is a file is no fault', () => {
  expect(cacheFolder({ SPANWARDEN_STATE_DIR: '/dev/null' })).toBe('none')
})

/** In a process of its own: what is switched on stays so. */
function cacheFolder(env: Record<string, string> = { SPANWARDEN_STATE_DIR: state }): string {
  const code = `
    import { getCompileCacheDir } from 'node:module'
    import { cacheCompiledCode } from ${JSON.stringify(new URL('./compile-cache.ts', import.meta.url).href)}
    cacheCompiledCode(process.env)
    process.stdout.write(getCompileCacheDir() ?? 'none')`
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { env, encoding: 'utf8' })
}
