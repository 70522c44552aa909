import type sqlite from 'node:sqlite'

/**
 * node:sqlite without the warning that it is experimental, which Node 22 and some releases of Node 24 print when it is first loaded.
 * All other warnings pass.
 */
export function loadSqlite(): typeof sqlite {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).includes('SQLite is an experimental feature')) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
