import { join, resolve } from 'node:path'

/** Where agents and sidecars of one user keep files; undefined when the environment names no place. */
export function stateFolderOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { SPANWARDEN_STATE_DIR: own, XDG_STATE_HOME: state, HOME: home } = environment
  if (own) return resolve(own)
  if (state) return resolve(state, 'spanwarden')
  return home ? join(home, '.local', 'state', 'spanwarden') : undefined
}
