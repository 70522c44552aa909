import { parseArgs } from 'node:util'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, sidecarOptions, topOptions } from './options.ts'
import { paint, wantsColour } from './paint.ts'
import { overviewOf } from './sidecar-overview.ts'
import { reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarClient } from './sidecar-client.ts'
import { statusScreen } from './status-screen.ts'
import type { ScreenLine } from './status-screen.ts'
import { openTerminal } from './terminal.ts'

const FRAME_MS = 1000
const FRAMES_MAX = 1_000_000

/** The screen of `status`, live: drawn again each second until q or Ctrl-C. Where there is no terminal, one screen below the other. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { ...topOptions, ...sidecarOptions, ...configOptions } })
  const frames = values.count === undefined ? Infinity : Number(values.count)
  if (values.count !== undefined && !(Number.isInteger(frames) && frames >= 1 && frames <= FRAMES_MAX))
    throw new UsageError(`--count ${values.count}: a number from 1 to ${FRAMES_MAX}`)
  const stateFolder = await stateFolderOfFlags(values, io)
  let sidecar: SidecarClient | undefined
  const frame = async (): Promise<ScreenLine[]> => {
    sidecar ??= await reachSidecar(values, stateFolder, io)
    if (sidecar === undefined) return [{ text: `no sidecar answers; looking again each second`, tone: 'bad' }]
    try {
      return statusScreen(await overviewOf(sidecar, Date.now()))
    } catch {
      const gone = sidecar.url
      // Another may come, elsewhere.
      sidecar = undefined
      return [{ text: `the sidecar at ${gone} does not answer; looking again each second`, tone: 'bad' }]
    }
  }
  const hasColour = wantsColour(io)
  const terminal = openTerminal(io)
  try {
    for (let drawn = 1; ; drawn++) {
      const lines = await frame()
      if (terminal.isClosed) break
      const time = new Date().toISOString().slice(11, 19)
      const all: ScreenLine[] = [{ text: `${time}  q ends`, tone: 'plain' }, ...lines]
      terminal.draw(all, (line) => paint(line, hasColour))
      if (drawn >= frames) break
      await terminal.pause(FRAME_MS)
      if (terminal.isClosed) break
    }
  } finally {
    terminal.close()
  }
  return EXIT_OK
}
