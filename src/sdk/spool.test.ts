import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { parseSpoolFileName } from '../control/spool-format.ts'
import { Spool, spoolReader } from './spool.ts'

const limits = { filesMax: 5, bytesMax: 100, fileBytesMax: 60 }
const file = (count: number) => {
  return { id: `0123456789abcdef-${count.toString(36)}`, signal: 'traces', encoding: 'json' } as const
}

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'spanwarden-spool-')), 'state', 'spool')
})

test('files and folders are for their user alone, whole, and named after what is in them', () => {
  new Spool(folder).write(file(1), Buffer.from('body'))
  expect(readdirSync(folder).map(parseSpoolFileName)).toEqual([file(1)])
  const [name = ''] = readdirSync(folder)
  expect(readFileSync(join(folder, name), 'utf8')).toBe('body')
  const modes = [join(folder, '..'), folder, join(folder, name)].map((path) => lstatSync(path).mode & 0o777)
  expect(modes).toEqual([0o700, 0o700, 0o600])
})

test('its limits hold, over all processes that write; what does not fit is told', () => {
  const bodies = fc.array(fc.nat({ max: 70 }), { maxLength: 12 })
  fc.assert(
    fc.property(bodies, fc.integer({ min: 1, max: 4 }), (sizes, writers) => {
      const each = mkdtempSync(join(tmpdir(), 'spanwarden-spool-'))
      let spool = new Spool(each, limits)
      let written = 0
      for (const [index, size] of sizes.entries()) {
        if (index % writers === 0) spool = new Spool(each, limits)
        if (spool.write(file(index), Buffer.alloc(size, 'x'))) written += 1
      }
      const kept = readdirSync(each).map((name) => lstatSync(join(each, name)).size)
      expect(kept).toHaveLength(written)
      expect(kept.length).toBeLessThanOrEqual(limits.filesMax)
      expect(kept.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limits.bytesMax)
      expect(Math.max(0, ...kept)).toBeLessThanOrEqual(limits.fileBytesMax)
    }),
  )
})

test('an empty spool takes what is within the limits', () => {
  const spool = new Spool(folder, limits)
  const sizes = [60, 61, 40, 1]
  expect(sizes.map((size, index) => spool.write(file(index), Buffer.alloc(size)))).toEqual([true, false, true, false])
})

test('a folder that others could read is closed; a link, or a file in its place, is not used', () => {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o777)
  expect(new Spool(folder).write(file(1), Buffer.from('a'))).toBe(true)
  expect(lstatSync(folder).mode & 0o777).toBe(0o700)
  const link = join(folder, '..', 'link')
  symlinkSync(folder, link)
  expect(() => new Spool(link)).toThrow('not a folder')
  writeFileSync(join(folder, 'file'), '')
  expect(() => new Spool(join(folder, 'file'))).toThrow('EEXIST')
})

test('a link that waits under the name of a file is not followed', () => {
  const spool = new Spool(folder)
  const elsewhere = join(folder, '..', 'elsewhere')
  writeFileSync(elsewhere, 'mine')
  symlinkSync(elsewhere, join(folder, '.0123456789abcdef-1.traces.json.tmp'))
  symlinkSync(elsewhere, join(folder, '0123456789abcdef-2.traces.json'))
  expect(() => spool.write(file(1), Buffer.from('a'))).toThrow('EEXIST')
  spool.write(file(2), Buffer.from('a'))
  expect(readFileSync(elsewhere, 'utf8')).toBe('mine')
})

test('a reader file that is none names nobody', () => {
  mkdirSync(folder, { recursive: true })
  expect(spoolReader(folder)).toBeUndefined()
  writeFileSync(join(folder, 'reader'), 'hello')
  expect(spoolReader(folder)).toBeUndefined()
})
