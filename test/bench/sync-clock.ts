/**
 * What a disk takes to sync: `node sync-clock.ts <folder> <ms between> <ms in all>`; prints the milliseconds of each as JSON. Beside a bench in the same run it says how much of a
 * wait is the disk's.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const [folder = '', between = '20', all = '5000'] = process.argv.slice(2)
const file = openSync(join(folder, 'sync-clock'), 'w')
const page = Buffer.alloc(4096, 1)
const ms: number[] = []
for (const until = performance.now() + Number(all); performance.now() < until;) {
  await setTimeout(Number(between))
  const from = performance.now()
  // As a commit of a few pages at the end of a log.
  writeSync(file, page)
  writeSync(file, page)
  fdatasyncSync(file)
  ms.push(performance.now() - from)
}
closeSync(file)
console.log(JSON.stringify(ms))
