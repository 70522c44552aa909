import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption } from './options.ts'
import { readConfig } from './read-config.ts'

/** Prints what all --config and --set come to, substituted, secrets hidden. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { ...configOptions, ...jsonOption } })
  const { shown } = await readConfig(values, io)
  io.stdout.write(values.json === true ? `${JSON.stringify(shown, undefined, 2)}\n` : stringify(shown))
  return EXIT_OK
}
