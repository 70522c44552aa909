import type { CommandIo } from './command.ts'
import type { ScreenLine } from './status-screen.ts'

const CODES: Readonly<Record<ScreenLine['tone'], string>> = { plain: '', head: '1', bad: '31', good: '32' }

/** As text, with colours or without. */
export const paint = ({ text, tone }: ScreenLine, hasColour: boolean): string =>
  hasColour && CODES[tone] !== '' && text !== '' ? `\u001B[${CODES[tone]}m${text}\u001B[0m` : text

/** On a terminal, unless NO_COLOR is set to something (no-color.org). */
export const wantsColour = ({ stdout, env }: CommandIo): boolean =>
  Reflect.get(stdout, 'isTTY') === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
