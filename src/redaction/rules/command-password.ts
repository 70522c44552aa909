import { ALNUM } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { isPasswordValue } from './secret-value.ts'

interface Command {
  /** What must follow the word, if anything. */
  readonly behind?: string
  /** A word that must stand between the command and the option. */
  readonly action?: string
  readonly option: string
  /** The password follows the option without a blank; with one, the command asks for it. */
  readonly isGlued?: boolean
}

/** Commands that take a password as the argument of a short option. Long options (`--password`) tell by their name. */
const commands: Readonly<Record<string, Command>> = {
  sshpass: { option: '-p' },
  docker: { action: 'login', option: '-p' },
  podman: { action: 'login', option: '-p' },
  mysql: { option: '-p', isGlued: true },
  mysqldump: { option: '-p', isGlued: true },
  mysqladmin: { option: '-p', isGlued: true },
  mariadb: { option: '-p', isGlued: true },
  redis: { behind: '-cli', option: '-a' },
  ldapsearch: { option: '-w' },
  unzip: { option: '-P' },
}

/** Words (TRIGGER_WORD) at which a command may begin. */
export const commandWords: readonly string[] = Object.keys(commands)

const COMMAND_BYTES_MAX = 256
const PASSWORD_BYTES_MAX = 128
const SPACE = 0x20
const BACKSLASH = 0x5c

/** Sets the range of the password in the command whose name ends at `at`. */
export function findCommandPassword(subject: Subject, at: number): boolean {
  const command = commands[subject.word]
  if (command === undefined || (command.behind !== undefined && !subject.hasText(at + 1, command.behind))) return false
  if (!subject.hasText(subject.wordStart, subject.word)) return false
  const option = optionEnd(subject, at + 1 + (command.behind?.length ?? 0), command)
  if (option < 0) return false
  const isGlued = command.isGlued === true
  if (isGlued !== (subject.at(option) !== SPACE)) return false
  let from = option
  while (subject.at(from) === SPACE && from < option + 4) from++
  const quote = subject.at(from) === 0x22 || subject.at(from) === 0x27 ? subject.at(from) : SPACE
  if (quote !== SPACE) from++
  const to = endOfArgument(subject, from, quote)
  return isPasswordValue(subject, from, to, quote !== SPACE) && subject.matched(from, to)
}

/** Behind the option, in the same command; or -1. */
function optionEnd(subject: Subject, start: number, { action, option }: Command): number {
  if (subject.at(start) !== SPACE) return -1
  const stop = Math.min(subject.end, start + COMMAND_BYTES_MAX)
  let isActive = action === undefined
  let at = start
  let end = -1
  for (; at < stop && end < 0; at++) {
    const byte = subject.at(at)
    if (ENDS.has(byte) || subject.hasText(at, subject.word)) break
    if (byte !== SPACE) continue
    if (action !== undefined && subject.hasText(at + 1, action) && !subject.is(at + 1 + action.length, ALNUM))
      isActive = true
    else if (isActive && subject.hasText(at + 1, option)) end = at + 1 + option.length
  }
  subject.steps += at - start
  return end
}

/** A new command begins, or the line ends. */
const ENDS = new Set(Array.from('\r\n|;&', (char) => char.charCodeAt(0)))

function endOfArgument(subject: Subject, from: number, quote: number): number {
  const stop = Math.min(subject.end, from + PASSWORD_BYTES_MAX)
  let at = from
  while (at < stop && subject.at(at) !== quote && subject.at(at) !== BACKSLASH) {
    if (subject.at(at) < SPACE || (quote === SPACE && (subject.at(at) === 0x22 || subject.at(at) === 0x27))) break
    at++
  }
  subject.steps += at - from
  return at
}
