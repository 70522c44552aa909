import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { freePort } from '../support/stock-collector.ts'

/** Exit code of the health check of the image. */
async function check(env: Readonly<Record<string, string>>): Promise<unknown> {
  const child = spawn(process.execPath, [join(projectFolder, 'docker/healthcheck.mjs')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  return code
}
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'spanwarden-healthcheck-'))
const leave = (control: string): string => {
  const folder = newFolder()
  writeFileSync(join(folder, 'sidecar.json'), JSON.stringify({ pid: 1, control }))
  return folder
}

test('the health check asks where the sidecar listens, not where the environment says', async () => {
  const stateFolder = newFolder()
  await using sidecar = await startSidecar(
    {
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
      exporters: { debug: {} },
      service: {
        http: { endpoint: '127.0.0.1:0' },
        telemetry: { metrics: { address: '127.0.0.1:0' } },
        pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
      },
    },
    { stateFolder },
  )
  const { host, port } = new URL(sidecar.listening['control'] ?? '')
  const elsewhere = `127.0.0.1:${await freePort()}`
  expect(await check({ SPANWARDEN_STATE_DIR: stateFolder, SPANWARDEN_HTTP_ENDPOINT: elsewhere })).toBe(0)
  // All addresses: one of them.
  expect(await check({ SPANWARDEN_STATE_DIR: leave(`http://0.0.0.0:${port}`) })).toBe(0)
  // Nothing is left yet.
  expect(await check({ SPANWARDEN_STATE_DIR: newFolder(), SPANWARDEN_HTTP_ENDPOINT: host })).toBe(0)
  expect(await check({ SPANWARDEN_STATE_DIR: newFolder(), SPANWARDEN_HTTP_ENDPOINT: elsewhere })).toBe(1)
  expect(await check({ SPANWARDEN_STATE_DIR: leave(`http://${elsewhere}`), SPANWARDEN_HTTP_ENDPOINT: host })).toBe(1)
})
