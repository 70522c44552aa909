import { parseArgs } from 'node:util'
import { EXIT_FAILED, EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption, sidecarOptions, statusOptions } from './options.ts'
import { paint, wantsColour } from './paint.ts'
import { isWell, overviewOf } from './sidecar-overview.ts'
import { printable } from './printable.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarClient } from './sidecar-client.ts'
import { statusScreen } from './status-screen.ts'

/** One screen: how it is. Exit code 1: something asks for a person, or no sidecar answers. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { ...statusOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
  })
  const stateFolder = await stateFolderOfFlags(values, io)
  const sidecar = await reachSidecar(values, stateFolder, io)
  if (sidecar === undefined) {
    const where = values.url === undefined ? `for the state folder ${stateFolder}` : `at ${values.url}`
    throw new Error(`no sidecar answers ${where}. Start one: spanwarden run -- node agent.js, or spanwarden collect`)
  }
  if (values.forget !== undefined) return forget(sidecar, values.forget, io)
  const overview = await overviewOf(sidecar, Date.now())
  const well = isWell(overview)
  if (values.json === true) io.stdout.write(`${JSON.stringify({ well, ...overview })}\n`)
  else {
    const hasColour = wantsColour(io)
    io.stdout.write(
      statusScreen(overview)
        .map((line) => `${paint(line, hasColour)}\n`)
        .join(''),
    )
  }
  return well ? EXIT_OK : EXIT_FAILED
}

async function forget(sidecar: SidecarClient, agent: string, io: CommandIo): Promise<number> {
  const answer = await sidecar.post('/api/agents/forget', { agent })
  if (answer.status !== 200) throw new Error(errorOf(answer))
  io.stdout.write(printable(`${agent} is forgotten; if it runs, it is back with the next that comes from it`) + '\n')
  return EXIT_OK
}
