import { join } from 'node:path'
import type { CommandIo } from './command.ts'
import { stateFolderOf } from './program.ts'
import type { ConfigFlags } from './read-config.ts'

/** Where the audit log is: in the state folder of the configuration, when one is named, else of the environment. */
export async function auditFolderOf(flags: ConfigFlags, io: CommandIo): Promise<string> {
  if (flags.config === undefined && flags.set === undefined)
    return join(stateFolderOf(io, io.env['SPANWARDEN_STATE_DIR']), 'audit')
  const { readConfig } = await import('./read-config.ts')
  return join(stateFolderOf(io, (await readConfig(flags, io)).service.state_folder), 'audit')
}
