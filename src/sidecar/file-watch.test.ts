import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/support/until.ts'
import { FileWatch } from './file-watch.ts'
import { systemClock } from './system-clock.ts'

let folder = ''
let changes = 0
let watch: FileWatch | undefined
const settings = { isOn: true, settleMs: 30, pollMs: 3_600_000 }

function watchFiles(files: readonly string[], more: Partial<typeof settings> = {}): void {
  watch = new FileWatch({
    files: () => files,
    settings: () => ({ ...settings, ...more }),
    clock: systemClock,
    onChange: () => changes++,
  })
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-watch-'))
  changes = 0
})
afterEach(() => {
  watch?.close()
  rmSync(folder, { recursive: true })
})

test('a file that is written in place, and again', async () => {
  const file = join(folder, 'config.yaml')
  writeFileSync(file, 'a')
  watchFiles([file])
  for (const text of ['b', 'c']) {
    const before = changes
    writeFileSync(file, text)
    await until(() => changes === before + 1)
  }
  expect(changes).toBe(2)
})

test('an editor that renames a new file over the old one', async () => {
  const file = join(folder, 'config.yaml')
  writeFileSync(file, 'a')
  watchFiles([file])
  for (const text of ['b', 'c']) {
    const before = changes
    writeFileSync(`${file}.swp`, text)
    renameSync(`${file}.swp`, file)
    await until(() => changes === before + 1)
  }
  expect(changes).toBe(2)
})

test('a ConfigMap of Kubernetes: the link to the folder with the files is replaced', async () => {
  const publish = (name: string, text: string): void => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'config.yaml'), text)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  publish('..one', 'a')
  const file = join(folder, 'config.yaml')
  symlinkSync(join('..data', 'config.yaml'), file)
  watchFiles([file])
  publish('..two', 'b')
  await until(() => changes === 1)
  rmSync(join(folder, '..one'), { recursive: true })
  publish('..three', 'c')
  await until(() => changes > 1)
  expect(changes).toBe(2)
})

test('a file in a folder that is not there yet is found by polling', async () => {
  const file = join(folder, 'later', 'config.yaml')
  watchFiles([file], { pollMs: 20 })
  mkdirSync(join(folder, 'later'))
  writeFileSync(file, 'a')
  await until(() => changes > 0)
  expect(changes).toBe(1)
})

test('what is written again as it was is no change, and a file that is being written is left alone until it is done', async () => {
  const file = join(folder, 'config.yaml')
  const other = join(folder, 'other.yaml')
  writeFileSync(file, 'a')
  writeFileSync(other, 'a')
  watchFiles([file, other], { settleMs: 60 })
  writeFileSync(file, 'a')
  for (let i = 0; i < 10; i++) {
    writeFileSync(other, `${i}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await until(() => changes > 0)
  expect(changes).toBe(1)
})

test('switched off it says nothing', async () => {
  const file = join(folder, 'config.yaml')
  writeFileSync(file, 'a')
  const now = { ...settings, isOn: false, pollMs: 20 }
  let looks = 0
  watch = new FileWatch({
    files: () => [file],
    settings: () => (looks++, now),
    clock: systemClock,
    onChange: () => changes++,
  })
  writeFileSync(file, 'b')
  await until(() => looks > 10)
  expect(changes).toBe(0)
  now.isOn = true
  await until(() => changes === 1)
})
