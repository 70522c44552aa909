import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAdvice } from './start-advice.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-advice-'))
const denied = `EACCES: permission denied, open '${folder}/store.sqlite'`

test('a port that is taken: the variables that give others', () => {
  expect(startAdvice('listen EADDRINUSE: address already in use 127.0.0.1:8080', folder)).toContain(
    'SPANWARDEN_HTTP_ENDPOINT',
  )
})

test('a state folder that can not be written: whose it is, and what to do', () => {
  chmodSync(folder, 0o500)
  // Root may write anywhere, so for it the folder is one that is not there.
  const text = startAdvice(denied, process.getuid?.() === 0 ? join(folder, 'absent') : folder, 2000)
  expect(text).toContain("can't be written by uid 2000")
  expect(text).toContain('chown 2000')
  chmodSync(folder, 0o700)
})

test('nothing is said where the folder can be written, or the error is another', () => {
  expect(startAdvice(denied, folder)).toBe('')
  expect(startAdvice('receivers.otlp: no such host', '/nowhere')).toBe('')
})
