import { readFileSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stateFolderOf as stateFolderIn } from '../sdk/state-folder.ts'
import type { CommandIo } from './command.ts'

export interface Program {
  readonly name: string
  readonly version: string
}

/** Name and version out of the package's own package.json. */
export function programOf(io: Pick<CommandIo, 'entry'>): Program {
  const text = readFileSync(join(packageFolder(io), 'package.json'), 'utf8')
  const { version }: { version?: unknown } = JSON.parse(text)
  return { name: 'spanwarden', version: typeof version === 'string' ? version : 'unknown' }
}

/** The folder of the package: above `src` in the checkout, above `dist` in the published one. */
export const packageFolder = ({ entry }: Pick<CommandIo, 'entry'>): string => resolve(dirname(entry), '..')

/** URL of the preload file, for `node --import`. */
export const registerUrl = ({ entry }: Pick<CommandIo, 'entry'>): string =>
  pathToFileURL(join(dirname(entry), `register${extname(entry)}`)).href

/** Where files are kept when the configuration does not say: as product names them. */
export function stateFolderOf({ env }: Pick<CommandIo, 'env'>, configured: string | undefined): string {
  if (configured !== undefined && configured !== '') return resolve(configured)
  return stateFolderIn(env) ?? resolve('.local', 'state', 'spanwarden')
}
