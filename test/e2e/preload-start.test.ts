import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundlePreload } from '../support/bundled-preload.ts'
import { runNode } from '../support/run-node.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-preload-'))
let preload = ''

beforeAll(async () => {
  preload = (await bundlePreload(folder)).register
  writeFileSync(join(folder, 'loaded.mjs'), 'process.stdout.write(process.moduleLoadList.join("\\n"))')
})

afterAll(() => rmSync(folder, { recursive: true }))

it('loads none of the modules of Node that cost milliseconds', async () => {
  const { stdout } = await runNode(['--import', preload, join(folder, 'loaded.mjs')], {
    cwd: folder,
    env: { SPANWARDEN_SPOOL: 'off' },
  })
  const loaded = new Set(stdout.split('\n').map((line) => line.replace('NativeModule ', '')))
  expect(loaded).toContain('worker_threads')
  for (const costly of ['crypto', 'http', 'https', 'http2', 'zlib', 'tls', 'internal/deps/undici/undici'])
    expect(loaded).not.toContain(costly)
})
