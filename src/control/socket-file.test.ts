import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { listenOnSocketFile } from './socket-file.ts'

test('nothing is made outside of the folder of the socket, which may be the only one that can be written to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-socket-'))
  const server = createServer()
  const folders: string[] = []
  const remove = await listenOnSocketFile(join(folder, 'control.sock'), async (path) => {
    folders.push(dirname(path))
    server.listen(path)
    await once(server, 'listening')
  })
  expect(folders.map(dirname)).toEqual([folder])
  expect(readdirSync(folder)).toEqual(['control.sock'])
  expect(statSync(join(folder, 'control.sock')).mode & 0o777).toBe(0o600)
  await remove()
  expect(readdirSync(folder)).toEqual([])
  server.close()
  rmSync(folder, { recursive: true })
})
