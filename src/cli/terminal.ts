import type { CommandIo } from './command.ts'
import type { ScreenLine } from './status-screen.ts'

/** Where a screen is drawn again and again. */
export interface Terminal {
  /** Somebody wants it to end. */
  readonly isClosed: boolean
  draw(lines: readonly ScreenLine[], paint: (line: ScreenLine) => string): void
  /** Ends early when it is closed. */
  pause(ms: number): Promise<void>
  close(): void
}

/** What a terminal is told: a screen of its own, no cursor, and one frame at a time, so that nothing flickers. */
const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const FRAME_START = '\u001B[?2026h\u001B[H'
const LINE_END = '\u001B[K'
const FRAME_END = '\u001B[J\u001B[?2026l'
const COLUMNS = 80
const ROWS = 24

/** The terminal that the command runs on; where its output is none, plain text without a single escape. */
export function openTerminal({ stdout, env }: CommandIo): Terminal {
  const isScreen = Reflect.get(stdout, 'isTTY') === true && env['TERM'] !== 'dumb'
  let isClosed = false
  let wake = (): void => {}
  const end = (): void => {
    isClosed = true
    wake()
  }
  const key = (pressed: Buffer): void => {
    // Ctrl-C comes as a key while the terminal hands on keys one by one.
    if (['q', 'Q', '\u0003', '\u0004'].includes(pressed.toString())) end()
  }
  const { stdin } = process
  const readsKeys = isScreen && stdin.isTTY
  if (readsKeys) stdin.setRawMode(true).on('data', key).resume()
  if (isScreen) stdout.write(ENTER)
  for (const signal of SIGNALS) process.on(signal, end)
  return {
    get isClosed() {
      return isClosed
    },
    draw(lines, paint) {
      if (!isScreen) return void stdout.write(`${lines.map(({ text }) => `${text}\n`).join('')}\n`)
      const shown = lines.slice(0, sizeOf(stdout, 'rows', ROWS) - 1)
      const columns = sizeOf(stdout, 'columns', COLUMNS)
      const text = shown.map((line) => `${paint({ ...line, text: line.text.slice(0, columns) })}${LINE_END}\r\n`)
      stdout.write(FRAME_START + text.join('') + FRAME_END)
    },
    pause(ms) {
      if (isClosed) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    close() {
      for (const signal of SIGNALS) process.removeListener(signal, end)
      if (readsKeys) stdin.setRawMode(false).removeListener('data', key).pause()
      if (isScreen) stdout.write(LEAVE)
    },
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The terminal may have another size by now. */
function sizeOf(stdout: object, side: 'rows' | 'columns', otherwise: number): number {
  const size: unknown = Reflect.get(stdout, side)
  return typeof size === 'number' && size > 1 ? size : otherwise
}
