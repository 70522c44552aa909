import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { verifyLog } from '../audit/verify-log.ts'
import type { Verification } from '../audit/verify-log.ts'
import { readAuditMark } from '../ledger/audit-mark.ts'
import type { MarkedLine } from '../ledger/audit-mark.ts'
import { loadSqlite } from '../sqlite/load-sqlite.ts'
import { auditFolderOf } from './audit-folder.ts'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { auditOptions, configOptions, jsonOption } from './options.ts'

/** `audit verify` reads every line of the audit log: exit code 1 when the chain is broken, and where. May run beside a sidecar. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...auditOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [what, ...more] = positionals
  if (what !== 'verify' || more.length > 0) throw new UsageError('audit: there is audit verify')
  const expected = expectedOf(values.expect)
  const folder = await auditFolderOf(values, io)
  const known = auditMarkIn(dirname(folder))
  const verification = await verifyLog({ folder, archiveFolder: values.archive, expected, known })
  if (values.json === true) io.stdout.write(`${JSON.stringify(jsonOf(verification))}\n`)
  else io.stdout.write(textOf(verification, folder))
  return verification.break === null ? EXIT_OK : EXIT_FAILED
}

function expectedOf(text: string | undefined): { seq: number; hash: string } | undefined {
  if (text === undefined) return undefined
  const { seq, hash } = /^(?<seq>\d{1,15}):(?<hash>[0-9a-f]{64})$/.exec(text)?.groups ?? {}
  if (seq === undefined || hash === undefined)
    throw new UsageError('--expect: write it as audit verify prints it, number:hash')
  return { seq: Number(seq), hash }
}

/** How far the log has come as the ledger knows it, which a sidecar may have open. */
function auditMarkIn(stateFolder: string): MarkedLine | undefined {
  const path = join(stateFolder, 'ledger.db')
  if (!existsSync(path)) return undefined
  const database = new (loadSqlite().DatabaseSync)(path, { readOnly: true, timeout: 1000 })
  try {
    return readAuditMark(database)
  } finally {
    database.close()
  }
}

const jsonOf = ({ break: broken, firstSeq, ...rest }: Verification): object => ({
  ok: broken === null,
  first_seq: firstSeq,
  ...rest,
  break: broken,
})

function textOf({ break: broken, files, lines, firstSeq, last, notes }: Verification, folder: string): string {
  const said = Object.entries(notes).map(([note, times]) => `${note} ${times}`)
  const tail = said.length > 0 ? `The log says of itself: ${said.join(', ')}.\n` : ''
  if (broken !== null) {
    const { kind, file, line, seq, what } = broken
    return `BROKEN (${kind}): ${what}\n  ${file}, line ${line}, number ${seq}; ${lines} lines before it are sound\n${tail}`
  }
  if (lines === 0 && last.seq === 0) return `There is no audit log in ${folder}.\n`
  return [
    `Sound: ${lines} lines in ${files} files, numbers ${firstSeq} to ${last.seq}.`,
    `Noted elsewhere, this finds a log that was written anew: --expect ${last.seq}:${last.hash}`,
    tail,
  ].join('\n')
}
