/*
 * What a process has spent of its slices, in `<state>/guard/<process>.journal`, written with each call: it outlives a SIGKILL of the process, and tells the
 * sidecar what of a slice it can give back. Lines of one length, the first of them the head, each overwritten in its place: a file never grows.
 */

/** In the state folder. */
export const JOURNAL_FOLDER = 'guard'
/** Bytes of a line, its newline included. */
export const JOURNAL_LINE_BYTES = 128
/** Slices that a process has at the same time. */
export const JOURNAL_SLICES_MAX = 64
export const JOURNAL_BYTES_MAX = JOURNAL_LINE_BYTES * (JOURNAL_SLICES_MAX + 1)

/** What became of a slice so far, in nano-USD. */
export interface SliceRecord {
  /** The hold's id. */
  readonly id: string
  readonly spent: number
  /** Of calls whose outcome nobody knows: spent, too. */
  readonly unknown: number
  /** For calls under way: unknown when the process is gone. */
  readonly reserved: number
}

export interface SliceJournal {
  /** Of the process. */
  readonly process: string
  readonly slices: readonly SliceRecord[]
}

export const journalFileName = (process: string): string => `${process}.journal`

/** `boot`: when the host starts again, what was written last may be lost, and an older line would give back too much. */
export const journalHead = (process: string, boot: string): string =>
  line(`spanwarden-slices 1 ${process} ${boot || '-'}`)

export const journalLine = ({ id, spent, unknown, reserved }: SliceRecord): string =>
  line(`${id} ${spent} ${unknown} ${reserved}`)

/** A place whose slice has ended. */
export const FREE_LINE = ' '.repeat(JOURNAL_LINE_BYTES - 1) + '\n'

/**
 * Undefined for what can't be believed as a whole: nothing is given back then. A line that is damaged is left out, and its slice counts as spent. `boot` is that of
 * the host now; without one nothing is believed.
 */
export function parseJournal(text: string, boot: string): SliceJournal | undefined {
  const [head = '', ...lines] = text.split('\n')
  const [mark, version, process, written] = checked(head)?.split(' ') ?? []
  if (mark !== 'spanwarden-slices' || version !== '1' || process === undefined) return undefined
  if (boot === '' || boot === '-' || written !== boot) return undefined
  const slices = lines.flatMap((entry) => {
    const [id, spent, unknown, reserved, ...more] = checked(entry)?.split(' ') ?? []
    if (id === undefined || more.length > 0) return []
    const amounts = [spent, unknown, reserved].map((amount) => (/^\d{1,16}$/.test(amount ?? '') ? Number(amount) : NaN))
    if (!amounts.every(Number.isSafeInteger)) return []
    const [a = 0, b = 0, c = 0] = amounts
    return [{ id, spent: a, unknown: b, reserved: c }]
  })
  const ids = new Set(slices.map(({ id }) => id))
  return ids.size === slices.length ? { process, slices } : undefined
}

/** Nano-USD that a process which is gone had not used of a slice of `amount`; 0 where more was spent than it had. */
export const leftOfSlice = (amount: number, { spent, unknown, reserved }: SliceRecord): number =>
  Math.max(0, amount - spent - unknown - reserved)

const CHECK_CHARACTERS = 8

function line(text: string): string {
  const room = JOURNAL_LINE_BYTES - CHECK_CHARACTERS - 2
  if (text.length > room) throw new RangeError('a line of the slice journal is too long')
  return `${checkOf(text)} ${text.padEnd(room)}\n`
}

/** The text of a line whose check is right. */
function checked(written: string): string | undefined {
  if (written.length !== JOURNAL_LINE_BYTES - 1) return undefined
  const text = written.slice(CHECK_CHARACTERS + 1).trimEnd()
  return checkOf(text) === written.slice(0, CHECK_CHARACTERS) ? text : undefined
}

/** FNV-1a, 32 bits: against torn and mixed lines, not against people. */
function checkOf(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(CHECK_CHARACTERS, '0')
}
