import type { FuzzTarget } from './fuzz-target.ts'
import { runRange } from './fuzz-run.ts'
import { loadSeeds } from './seeds.ts'
import { targets } from './targets.ts'

/** Process of its own for what may end a process: takes ranges of inputs over IPC and answers what it found. */
export interface WorkerTask {
  readonly name: string
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly withShared: boolean
  /** Says each input before it is run: after a crash or a hang. */
  readonly isStepping: boolean
}

const made = new Map<string, FuzzTarget>()

process.on('message', (task: WorkerTask) => {
  void run(task).then((finding) => process.send?.({ done: true, finding, rss: process.memoryUsage.rss() }))
})
process.on('disconnect', () => process.exit())

async function run({ name, seed, from, to, withShared, isStepping }: WorkerTask): ReturnType<typeof runRange> {
  const make = targets[name]
  if (make === undefined) throw new Error(`there is no target ${name}`)
  const target = made.get(name) ?? (await make(loadSeeds(withShared)))
  made.set(name, target)
  process.send?.({ at: from })
  return runRange(target, {
    name,
    seed,
    from,
    to,
    ...(isStepping ? { onInput: (at) => void process.send?.({ at }) } : {}),
  })
}
