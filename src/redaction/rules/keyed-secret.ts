import { IN_LABEL, keyedValue } from '../keyed-value.ts'
import type { KeyedValue } from '../keyed-value.ts'
import type { Rule, RuleType } from '../rule.ts'
import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { commandWords, findCommandPassword } from './command-password.ts'
import { firstElement, pairedValue } from './paired-value.ts'
import { isPasswordWord } from './password-word.ts'
import { kindOfWord, secretKindOf, wordsOf } from './secret-key-name.ts'
import type { SecretKind } from './secret-key-name.ts'
import { bareEnd, findInSentence } from './secret-sentence.ts'
import { isCredential, isPasswordValue, isPinValue, isSecretValue, traitsOf } from './secret-value.ts'

// Examples are put together from parts, so that secret scanners do not take them for leaks.
const random20 = ['q7Xv', 'P2mK', '9sWd', '4RtZ', 'b6Ln'].join('')
const random40 = `${random20}${['wJal', 'rXUt', 'nFEM', 'IK7M', 'DENG'].join('')}`

const shared = {
  family: 'secrets',
  triggers: [TRIGGER_WORD],
  find: findKeyedSecret,
} as const

export const awsSecretKey: Rule = {
  ...shared,
  type: 'AWS_SECRET_KEY',
  words: wordsOf('secret', 'maybe'),
  summary: 'AWS secret access keys: forty characters behind a name such as `aws_secret_access_key`.',
  confidence: 0.9,
  examples: {
    matches: [
      `AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCY${'EXAMPLEKEY'}»`,
      `{\\"secretAccessKey\\":\\"«wJalrXUtnFEMI/K7MDENG/bPxRfiCY${'EXAMPLEKEY'}»\\"}`,
    ],
    misses: [
      `commit wJalrXUtnFEMI/K7MDENG/bPxRfiCY${'EXAMPLEKEY'}`,
      'secret key: da39a3ee5e6b4b0d3255bfef95601890afd80709a',
      'the secret garden',
    ],
  },
}

export const keyedSecret: Rule = {
  ...shared,
  type: 'SECRET',
  words: wordsOf('secret', 'maybe', 'parameter'),
  summary:
    'Keys and tokens of any form behind a name that says so (`api_key`, `client_secret`, `X-Auth-Token`), if they look as if they came from a random generator.',
  source: 'words learnt from the rules of gitleaks (MIT licence) and detect-secrets (Apache-2.0)',
  confidence: 0.85,
  examples: {
    matches: [
      `export ACME_API_KEY="«${random20}»"`,
      `{"headers":{"X-Auth-Token":"«${random40}»"}}`,
      `{\\"client_secret\\":\\"«${random20}»\\"}`,
      `GET /v1/items?api_key=«${random20}»&page=2`,
      `const acmeToken = '«${random20}»';`,
      `My key is «${random20}», please rotate it`,
      `Authorization: Token «${random40}»`,
      `{"X-Api-Key":["«${random20}»"]}`,
      `acme_token = "«${['0f6a', '91b2', 'e7c4', '4d35'].join('')}»"`,
      `access_token: «${['2f1c4b7e', '9a0d', '4c3b', '8e1f', '5a6b7c8d9e0f'].join('-')}»`,
      `Error: authentication failed for «${random40}»`,
      `config.set('apiKey', '«${random20}»')`,
      `credentials: «bob:bobby${'123'}»`,
    ],
    misses: [
      'password = os.environ["DB_PASSWORD"]',
      'token: string',
      '{"max_tokens": 1000, "token_type": "bearer"}',
      'const token = await getToken(request.headers.authorization);',
      `{"next_page_token":"${random40}"}`,
      '{"session_id":"a031a64b-9cbd-42a8-b81e-bf150c9ab080"}',
      'api_key: ${{ secrets.ACME_API_KEY }}',
      'apiKey: "your-api-key-goes-here"',
      'api_key=sk-xxxxxxxxxxxxxxxxxxxxxxxx',
      '{"key":"8d962d7c8d019192c24224e2cafccae3a61fb586"}',
      'secret: /run/secrets/db_password_file',
      'the key is in the second drawer',
      '{"/src/rules/api-token.ts":"f0a29defdbf51755c5e94491b19e5b9df0f7013f","/v1/token":"f0a29defdbf51755c5e94491b19e5b9df0f7013f"}',
    ],
  },
}

export const password: Rule = {
  ...shared,
  type: 'PASSWORD',
  words: [...wordsOf('password'), ...commandWords],
  summary:
    'Passwords behind a name or word that says so; words only where they can be nothing else, names of code never.',
  confidence: 0.8,
  examples: {
    matches: [
      'my password is «hunter2!»',
      'Sorry, my new password is «swordfish».',
      `log in as admin with the password «Adm1n${'#2024'}»`,
      '{"user":"ann","password":"«letmein»"}',
      'POSTGRES_PASSWORD=«letmein»',
      `sshpass -p '«hunt${'er2!'}»' ssh root@host`,
      `docker login -u ann -p «hunt${'er2!'}» registry.example.com`,
      `mysqldump -u root -p«S3cr3t${'Pw'}» shop > shop.sql`,
      `{"username":"ann","password":"«S3cure${'Pass'}»"}`,
      `{"password":"«correct-${'horse'}-42»"}`,
      `<add key="Password" value="«b%B@2e${'RCS'}»" />`,
      `1,"{""password"":""«hunt${'er2!'}»""}"`,
      `DB_PASSWORD=«p4ss-${'W0rd'}»`,
      `Server=db;User=sa;Password=«Tr0ub4${'dor'}&3»;`.replace('&3', ''),
    ],
    misses: [
      'password: string',
      'Your password is required.',
      'My password is not working',
      'connect(user=user, password=secretary)',
      '{"password":"string"}',
      '{"type":"password","placeholder":"Password"}',
      'password=self.password',
      'password = getpass.getpass()',
      '<input name="password" id="new-password">',
      'password: ${PASSWORD}',
      'password_min_length: 12',
      'BUFLEN_PASSWD = 0x400',
      'If you pass to *send* an object',
      'repeat the password Password2',
      'docker run -p 8080:80 nginx1',
      'mysql -u root -p shop1',
      'sshpass -p $PASS ssh root@host',
      "t('password', 'Enter1t')",
    ],
  },
}

export const pin: Rule = {
  ...shared,
  type: 'PIN',
  words: wordsOf('pin'),
  summary: 'PINs and one-time codes behind a word that says so.',
  confidence: 0.75,
  examples: {
    matches: ['my PIN is «4821»', '{"otp":"«493021»"}', 'Your verification code is «482913».'],
    misses: ['pin: 12', 'pin code of the area', 'spin: 4821', 'status code: 4040', 'zip code is 48291'],
  },
}

/** Scheme of an authorization header, before the credentials. */
const SCHEMES: ReadonlySet<string> = new Set('basic bearer token apikey key bot oauth negotiate digest api'.split(' '))

/** Of a password that is a word. */
const WORD_CONFIDENCE = 0.6

/** What tests do, and an island: only what is no number and no word is a password behind them. */
const SHORT_WORDS: ReadonlySet<string> = new Set(['pass', 'pw', 'clave', 'passe'])

const COMMANDS: ReadonlySet<string> = new Set(commandWords)

function findKeyedSecret(subject: Subject, at: number): boolean {
  if (COMMANDS.has(subject.word)) {
    subject.type = 'PASSWORD'
    return at !== IN_LABEL && findCommandPassword(subject, at)
  }
  const value = keyedValue(subject, at)
  if (value === undefined) return at !== IN_LABEL && findUnkeyed(subject, at)
  // The name is looked at last: most values are told to be none by their form, and for less.
  const likely = kindOfWord(subject.word)
  if (likely === 'parameter' && value.keyBytes[value.keyTo] !== EQUALS) return false
  if (value.delimiter === 'number' && ((likely !== 'password' && likely !== 'pin') || SHORT_WORDS.has(subject.word)))
    return false
  const isQuoted = value.delimiter !== 'bare'
  const range = rangeOf(subject, value)
  if (range === undefined) return false
  const { from, to } = range
  const isWord = likely === 'password' && !SHORT_WORDS.has(subject.word) && isPasswordWord(subject, value, from, to)
  if (!isWord && typeOfValue(subject, likely === 'maybe' ? 'secret' : likely, from, to, isQuoted) === undefined)
    return false
  const kind = secretKindOf(subject.word, value, at === IN_LABEL ? -1 : subject.wordStart)
  const type = isWord && kind === 'password' ? 'PASSWORD' : typeOfValue(subject, kind, from, to, isQuoted)
  if (type === undefined) return false
  if (isWord) subject.confidence = WORD_CONFIDENCE
  subject.type = type === 'SECRET' && isAwsSecret(subject, value, from, to) ? 'AWS_SECRET_KEY' : type
  return subject.matched(from, to)
}

/** Where the secret stands in the value, if it is one. */
function rangeOf(subject: Subject, value: KeyedValue): { from: number; to: number } | undefined {
  if (value.delimiter === 'open' || (value.delimiter === 'whole' && subject.at(value.from) === OPEN_BRACKET)) {
    const element = firstElement(subject, value.from)
    return element && { from: behindScheme(subject, element.from, element.to), to: element.to }
  }
  if (value.to - value.from < VALUE_BYTES_MIN || isTriedOften(subject, value)) return undefined
  const from = behindScheme(subject, value.from, value.lineTo)
  return {
    from,
    to: from === value.from || value.delimiter !== 'bare' ? value.to : bareEnd(subject, from, value.lineTo),
  }
}

const OPEN_BRACKET = 0x5b

/** `token=token=token=…`: each value holds all those behind it. */
function isTriedOften(subject: Subject, { from, to }: KeyedValue): boolean {
  if (from >= subject.secretUntil) subject.secretTries = 0
  subject.secretUntil = Math.max(to, subject.secretUntil)
  return ++subject.secretTries > TRIES_MAX
}

const TRIES_MAX = 8

/** A scheme, or the shortest password. */
const VALUE_BYTES_MIN = 4

function typeOfValue(
  subject: Subject,
  kind: SecretKind,
  from: number,
  to: number,
  isQuoted: boolean,
): RuleType | undefined {
  if (kind === 'none') return undefined
  if (kind === 'password') {
    if (SHORT_WORDS.has(subject.word) && subject.runEnd(from, DIGIT, to - from) === to) return undefined
    return isPasswordValue(subject, from, to, isQuoted) ? 'PASSWORD' : undefined
  }
  if (kind === 'pin') return isPinValue(subject, from, to) ? 'PIN' : undefined
  if (subject.word === 'authorization' && isCredential(subject, from, to)) return 'SECRET'
  if (subject.word.startsWith('cred') && isUserAndPassword(subject, from, to, isQuoted)) return 'SECRET'
  return isSecretValue(subject, from, to, isQuoted, kind) ? 'SECRET' : undefined
}

/** `credentials: ann:hunter2`. */
function isUserAndPassword(subject: Subject, from: number, to: number, isQuoted: boolean): boolean {
  let colon = from
  while (colon < to && subject.at(colon) !== COLON) colon++
  return colon > from && colon < to && isPasswordValue(subject, colon + 1, to, isQuoted)
}

const COLON = 0x3a

/** Behind a word that is no key in the usual sense. */
function findUnkeyed(subject: Subject, at: number): boolean {
  const pair = pairedValue(subject, at)
  if (pair === undefined) return findInSentence(subject, at)
  const likely = kindOfWord(subject.word)
  if (typeOfValue(subject, likely === 'maybe' ? 'secret' : likely, pair.from, pair.to, true) === undefined) return false
  const type = typeOfValue(subject, secretKindOf(subject.word, pair, subject.wordStart), pair.from, pair.to, true)
  if (type === undefined || (pair.isArgument && !isSureArgument(subject, type, pair.from, pair.to))) return false
  subject.type = type
  return subject.matched(pair.from, pair.to)
}

/** What is handed over with a key may be anything. */
const isSureArgument = (subject: Subject, type: RuleType, from: number, to: number): boolean =>
  type === 'SECRET' && to - from >= ARGUMENT_BYTES_MIN && traitsOf(subject, from, to).digits > 0

const ARGUMENT_BYTES_MIN = 16
const EQUALS = 0x3d

/** Where the credentials begin in `Bearer abc`. */
function behindScheme(subject: Subject, from: number, lineTo: number): number {
  const end = subject.runEnd(from, LETTER, SCHEME_BYTES_MAX)
  if (subject.at(end) !== SPACE || end >= lineTo || !SCHEMES.has(lowerCase(subject, from, end))) return from
  let at = end
  while (at < lineTo && subject.at(at) === SPACE) at++
  return at
}

const SPACE = 0x20
const SCHEME_BYTES_MAX = 12

function lowerCase(subject: Subject, from: number, to: number): string {
  let word = ''
  for (let at = from; at < to; at++) word += String.fromCharCode(subject.at(at) | 0x20)
  return word
}

/** Forty characters of base64, under a name that AWS gives them. */
function isAwsSecret(subject: Subject, value: KeyedValue, from: number, to: number): boolean {
  if (to - from !== 40) return false
  for (let at = from; at < to; at++) {
    const byte = subject.at(at)
    if (!subject.is(at, ALNUM) && byte !== 0x2f && byte !== 0x2b) return false
  }
  return /aws|secret_?access_?key/i.test(nameOf(value))
}

function nameOf({ keyBytes, keyFrom, keyTo }: KeyedValue): string {
  let name = ''
  for (let at = keyFrom; at < keyTo; at++) name += String.fromCharCode(keyBytes[at] as number)
  return name
}
