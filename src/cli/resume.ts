import { parseArgs } from 'node:util'
import * as z from 'zod'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { killScopeOf, scopeText } from './kill-scope.ts'
import { configOptions, jsonOption, resumeOptions, sidecarOptions } from './options.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import { removeOwnStopFile } from './stop-file.ts'

/** Lets go on what was stopped: a person says so, and why. It needs a sidecar: what is stopped stays so while none runs. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...resumeOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const named = killScopeOf(positionals)
  const { person = '', reason = '', confirm = false } = values
  if (person.trim() === '') throw new UsageError('resume: who resumes? Give --person <name>')
  if (reason.trim() === '') throw new UsageError('resume: why? Give --reason <text>')
  if (named.scope === 'fleet' && !confirm)
    throw new UsageError('resume: everything would go on; say so with --confirm, or name what: agent=support')
  const stateFolder = await stateFolderOfFlags(values, io)
  const sidecar = await reachSidecar(values, stateFolder, io)
  const failed = (message: string): number => {
    if (values.json === true) io.stdout.write(`${JSON.stringify({ resumed: false, error: message })}\n`)
    else io.stderr.write(`spanwarden resume: ${message}\n`)
    return EXIT_FAILED
  }
  if (sidecar === undefined)
    return failed(
      `no sidecar answers ${values.url === undefined ? `for the state folder ${stateFolder}` : `at ${values.url}`}: start it first; what is stopped stays so until then`,
    )
  const hadFile = named.scope === 'fleet' && values.url === undefined && removeOwnStopFile(stateFolder)
  const answer = await sidecar.post('/api/guard/resume', { ...named, person, reason, confirm })
  if (answer.status !== 200) return failed(errorOf(answer))
  const { resumed } = resumedShape.parse(answer.body)
  const { stops } = stopsShape.parse((await sidecar.get('/api/guard/stops')).body)
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ ...named, resumed, stopped: stops })}\n`)
    return EXIT_OK
  }
  if (hadFile) io.stdout.write('The file STOP that spanwarden stop had written is gone.\n')
  io.stdout.write(resumed ? `resumed: ${scopeText(named)}\n` : `${scopeText(named)} was not stopped.\n`)
  if (stops.length > 0)
    io.stdout.write(`Still stopped: ${stops.map(scopeText).join(', ').replaceAll(/\p{C}/gu, '?')}\n`)
  return EXIT_OK
}

const resumedShape = z.object({ resumed: z.boolean() })
const stopsShape = z.object({ stops: z.array(z.object({ scope: z.string(), value: z.string() })) })
