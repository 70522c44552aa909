import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processMark } from './process-mark.ts'
import { identityOf, ProcessProof } from './process-proof.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-proof-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const socket = (): string => join(folder, 'control.sock')

describe('a process', () => {
  test('that has the file by its id open is the one that it says; nothing is left of it', () => {
    const proof = new ProcessProof()
    const fd = proof.open(socket(), 'p1')
    expect(fd).toBeGreaterThan(2)
    const hello = { process: 'p1', pid: process.pid, proof: fd ?? 0 }
    expect(identityOf(hello, folder)).toEqual({ mark: processMark('self') })
    proof.close()
    expect(readdirSync(join(folder, 'guard'))).toEqual([])
    expect(identityOf(hello, folder)).toHaveProperty('unproven')
    expect(() => closeSync(fd ?? 0)).toThrow('EBADF')
    // Another hello: another file.
    expect(proof.open(socket(), 'p1')).toBeGreaterThan(2)
    proof.close()
  })

  test('that may not write there has none, and is not known', () => {
    expect(new ProcessProof().open('/dev/null/control.sock', 'p1')).toBeUndefined()
    const hello = { process: 'p1', pid: process.pid }
    expect(identityOf(hello, folder)).toEqual({ unproven: expect.stringContaining(join(folder, 'guard')) })
  })

  test('that names the pid of another one is not believed, whatever that has open', async () => {
    const proof = new ProcessProof()
    const fd = proof.open(socket(), 'p1') ?? 0
    const other = spawn('sleep', ['60'], { stdio: 'ignore' })
    await once(other, 'spawn')
    for (const number of [0, 1, 2, fd])
      expect(identityOf({ process: 'p1', pid: other.pid ?? 0, proof: number }, folder)).toEqual({
        unproven: expect.stringContaining(`pid ${other.pid} is not the process`),
      })
    proof.close()
    other.kill('SIGKILL')
    await once(other, 'close')
    expect(identityOf({ process: 'p1', pid: other.pid ?? 0, proof: fd }, folder)).toHaveProperty('unproven')
  })

  test('that has another file open, or the file of another id, is not believed', () => {
    const proof = new ProcessProof()
    const fd = proof.open(socket(), 'p1') ?? 0
    const { pid } = process
    expect(identityOf({ process: 'p2', pid, proof: fd }, folder)).toHaveProperty('unproven')
    expect(identityOf({ process: '../guard/p1', pid, proof: fd }, folder)).toHaveProperty('unproven')
    expect(identityOf({ process: 'p1', pid, proof: fd + 1000 }, folder)).toHaveProperty('unproven')
    proof.close()
  })

  test('over TCP is not known', () => {
    expect(identityOf({ process: 'p1', pid: process.pid, proof: 1 }, undefined)).toEqual({
      unproven: expect.stringContaining('TCP'),
    })
  })
})
