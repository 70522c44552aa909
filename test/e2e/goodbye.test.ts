import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeGoodbyeFolder, takeGoodbyes } from '../../src/control/goodbye-file.ts'
import { preloadFile } from '../support/run-agent.ts'

const EVER = 'setInterval(() => {}, 1000); process.send("up");'

/** Ends of a real agent with the preload: whoever ends as it should is not missed. */
test.each<[string, string, NodeJS.Signals | undefined, boolean]>([
  ['nothing left to do', 'process.send("up", () => process.disconnect());', undefined, true],
  ['process.exit(0)', 'process.send("up", () => process.exit(0));', undefined, true],
  ['process.exit(1)', 'process.send("up", () => process.exit(1));', undefined, false],
  ['an uncaught error', 'process.send("up", () => { throw new Error("x") });', undefined, false],
  ['SIGTERM', EVER, 'SIGTERM', true],
  ['SIGKILL', EVER, 'SIGKILL', false],
])('%s', async (_, code, signal, saysSo) => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-goodbye-'))
  makeGoodbyeFolder(stateFolder)
  const child = spawn(process.execPath, ['--import', preloadFile, '--eval', code], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      SPANWARDEN_STATE_DIR: stateFolder,
      OTEL_SERVICE_NAME: 'support',
      OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop',
    },
  })
  const exited = once(child, 'exit')
  await once(child, 'message')
  if (signal !== undefined) child.kill(signal)
  await exited
  expect(takeGoodbyes(stateFolder).map(({ job }) => job)).toEqual(saysSo ? ['shop/support'] : [])
  expect(takeGoodbyes(stateFolder)).toEqual([])
})
