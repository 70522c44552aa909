import type { KeyedValue } from '../keyed-value.ts'
import { ALNUM, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** What stands behind `password:` in schemas, forms, code and translations. */
const NOT_PASSWORDS = set(
  'string str text bytes char varchar any object unknown undefined null none nil nan true false yes no on off void boolean number integer required optional default empty missing invalid ' +
    'incorrect wrong hidden masked redacted removed filtered password passwort passwd pass passphrase secret token field input value example placeholder changeme username user email ' +
    'login plain hash hashed bcrypt argon2 sha256 encrypted basic bearer prompt stdin env auth return critical high medium low refresh confirm verify forgot reset update change here ' +
    'kennwort contraseña senha wachtwoord motdepasse your yourpassword mypassword notset unset todo test auto generated random',
)
/** What a password "is" in a sentence that does not tell it. */
const STATES = set(
  'wrong incorrect correct expired expiring invalid valid not too still being the same working required needed locked blocked disabled reset changed compromised leaked known saved stored ' +
    'secure insecure weak strong stronger what something now also never always only just very really longer fine safe gone lost forgotten unknown different missing empty already about supposed ' +
    'rejected accepted good bad case sent shown visible hidden unique easy hard simple complex long short old new set used protected encrypted hashed emailed mapped temporary permanent ' +
    'optional mandatory unchanged similar identical ready failing broken outdated stuck pending there here back enabled breached exposed public private confidential sensitive personal ' +
    'yours mine his hers theirs ours that this it actually currently probably definitely certainly likely unlikely available unavailable',
)
const WORD_BYTES_MIN = 4
const SENTENCE_WORD_BYTES_MIN = 6
const WORD_BYTES_MAX = 64

/** Whether a word is a password because of where it stands: in the quotes of data, in `DB_PASSWORD=`, in a connection string, in "my password is …". */
export function isPasswordWord(subject: Subject, value: KeyedValue, from: number, to: number): boolean {
  if (to - from < WORD_BYTES_MIN || to - from > WORD_BYTES_MAX) return false
  const word = lowerCase(subject, from, to)
  if (!/^[a-z]+$/.test(word) || NOT_PASSWORDS.has(word) || /passw|secret|example/.test(word)) return false
  if (value.isProse) return isTold(subject, value, to) && to - from >= SENTENCE_WORD_BYTES_MIN && !STATES.has(word)
  if (value.delimiter === 'quoted' || value.delimiter === 'whole') return true
  return value.delimiter === 'bare' && isAssigned(subject, value)
}

/** "my password is swordfish." */
function isTold(subject: Subject, { keyBytes, phraseFrom, keyFrom }: KeyedValue, to: number): boolean {
  if (subject.is(to, LETTER) || (subject.at(to) === SPACE && subject.is(to + 1, ALNUM))) return false
  let phrase = ''
  for (let at = phraseFrom; at < keyFrom; at++) phrase += String.fromCharCode(keyBytes[at] as number)
  return /\b(?:my|your|his|her|their|our) (?:\w+ )?$/i.test(phrase)
}

/** `DB_PASSWORD=word`, `Password=word;`, `&password=word`; not the arguments of code. */
function isAssigned(subject: Subject, { keyFrom, keyTo, from, to }: KeyedValue): boolean {
  if (from !== keyTo + 1 || subject.at(keyTo) !== EQUALS) return false
  const before = subject.at(keyFrom - 1)
  if (SEPARATORS.has(before) || SEPARATORS.has(subject.at(to))) return true
  let lower = 0
  for (let at = keyFrom; at < keyTo; at++) if (subject.is(at, LETTER) && (subject.at(at) & 0x20) !== 0) lower++
  return lower === 0
}

const SPACE = 0x20
const EQUALS = 0x3d
const SEPARATORS = new Set(Array.from(';&?', (char) => char.charCodeAt(0)))

function lowerCase(subject: Subject, from: number, to: number): string {
  let word = ''
  for (let at = from; at < to; at++) word += String.fromCharCode(subject.at(at))
  return word.toLowerCase()
}
