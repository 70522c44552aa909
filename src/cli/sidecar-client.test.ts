import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { readSidecarAddress, removeSidecarAddress, writeSidecarAddress } from './sidecar-address.ts'
import { errorOf, reachSidecar } from './sidecar-client.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

const ioOf = (env: CommandIo['env'] = {}): CommandIo => ({
  stdout: { write() {} },
  stderr: { write() {} },
  env,
  entry: `${projectFolder}src/cli.ts`,
})

async function sidecar(health: object) {
  const tokens: (string | undefined)[] = []
  const server = createServer((request, response) => {
    if (request.url !== '/health') tokens.push(request.headers.authorization)
    const isOrder = request.method === 'POST'
    response.writeHead(isOrder ? 409 : 200).end(JSON.stringify(isOrder ? { error: 'no, because' } : health))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  undo.push(() => server.close())
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-client-'))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens, folder }
}

describe('the sidecar of a state folder', () => {
  test('is the one that wrote its address there, and not another at the same port', async () => {
    const { url, folder } = await sidecar({ program: 'spanwarden', pid: 7 })
    expect(await reachSidecar({}, folder, ioOf())).toBeUndefined()
    writeSidecarAddress(folder, { pid: 8, control: url })
    expect(await reachSidecar({}, folder, ioOf())).toBeUndefined()
    writeSidecarAddress(folder, { pid: 7, control: url })
    expect((await reachSidecar({}, folder, ioOf()))?.url).toBe(url)
    removeSidecarAddress(folder, 8)
    expect(readSidecarAddress(folder)?.pid).toBe(7)
    removeSidecarAddress(folder, 7)
    expect(readSidecarAddress(folder)).toBeUndefined()
  })

  test('is none when something else answers, nothing does, or the file is damaged', async () => {
    const { url, folder } = await sidecar({ program: 'other', pid: 7 })
    writeSidecarAddress(folder, { pid: 7, control: url })
    expect(await reachSidecar({}, folder, ioOf())).toBeUndefined()
    expect(await reachSidecar({ url: 'http://127.0.0.1:1' }, folder, ioOf())).toBeUndefined()
    writeFileSync(join(folder, 'sidecar.json'), '{"pid":')
    expect(await reachSidecar({}, folder, ioOf())).toBeUndefined()
    await expect(reachSidecar({ url: '127.0.0.1:8080' }, folder, ioOf())).rejects.toThrow(UsageError)
  })

  test('is given the token: of the flag, of the variable, of the file that it names', async () => {
    const { url, folder, tokens } = await sidecar({ program: 'spanwarden', pid: 7 })
    const [own, other] = [join(folder, 'own'), join(folder, 'other')]
    writeFileSync(own, 'of the sidecar\n')
    writeFileSync(other, 'of the flag\n')
    writeSidecarAddress(folder, { pid: 7, control: url, tokenFile: own })
    const io = ioOf({ SPANWARDEN_CONTROL_TOKEN: 'of the variable' })
    for (const [flags, given] of [
      [{ 'token-file': other }, io],
      [{}, io],
      [{}, ioOf()],
      [{ url }, ioOf()],
    ] as const) {
      const answer = await (await reachSidecar(flags, folder, given))?.post('/api/guard/stop', {})
      expect(answer?.status).toBe(409)
      expect(answer && errorOf(answer)).toBe('no, because')
    }
    expect(tokens).toEqual(['Bearer of the flag', 'Bearer of the variable', 'Bearer of the sidecar', undefined])
  })
})
