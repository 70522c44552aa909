import { IN_LABEL } from '../keyed-value.ts'
import { numberAhead, valueAhead } from '../number-ahead.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { WordSet } from '../word-set.ts'

export const bic: Rule = {
  type: 'BIC',
  family: 'payment',
  summary: 'Codes of banks behind the words "BIC" or "SWIFT". Off by default: they name a bank, not a person.',
  source: 'ISO 9362; countries of ISO 3166-1',
  isDefault: false,
  triggers: [TRIGGER_WORD],
  words: ['bic', 'swift'],
  confidence: 0.85,
  find: findBic,
  examples: {
    matches: [
      'BIC: «DEUTDEFF500»',
      '{"swift":"«CHASUS33»"}',
      'BIC/SWIFT code is «NWBKGB2L».',
      'swift_code=«BNPAFRPPXXX»',
    ],
    misses: ['BIC: UNKNOWN', 'swift: 5.9.1', 'a swift RESPONSE', 'swift kindness', 'SWIFT: ABCDZZ22', 'bic DEUTDEFF5'],
  },
}

export const abaRouting: Rule = {
  type: 'ABA_ROUTING',
  family: 'payment',
  summary: 'Routing numbers of US banks, with their check digit, behind "routing", "ABA" or "RTN".',
  source: 'ABA Key to Routing Numbers',
  triggers: [TRIGGER_WORD],
  words: ['routing', 'routingnumber', 'aba', 'rtn'],
  needs: () => ({ digits: [0, 48], fillers: ROUTING_FILLERS }),
  confidence: 0.9,
  find: findRouting,
  examples: {
    matches: [
      'routing number «021000021» for',
      '{"routing_number":"«121042882»"}',
      'ABA # «3222-7162-7»',
      'aba:«021000021»',
    ],
    misses: ['routing number 021000022', 'routing to 2100002100', 'routing table 021000021'],
  },
}

export const bankAccount: Rule = {
  type: 'BANK_ACCOUNT',
  family: 'payment',
  summary: 'Account numbers behind "account number", "bank account" and the like, and sort codes behind "sort code".',
  triggers: [TRIGGER_WORD],
  words:
    'account accounts accountnumber accountno acct acctno kontonummer konto kontonr cuenta compte rekening rekeningnummer conto sort sortcode'.split(
      ' ',
    ),
  needs: () => ({ digits: [0, 40], fillers: ACCOUNT_FILLERS }),
  confidence: 0.7,
  find: findAccount,
  examples: {
    matches: [
      'bank account number «3847283911» belonging',
      'Bank account «8721938475» registered',
      '{"account_number":"«000123456789»"}',
      'acct no. «12-3456-7890»',
      'sort code «12-34-56»',
      '"sortCode": "«123456»"',
      'Kontonummer: «1234567»',
      'checking account «9021003456»',
      'account number «78346209-0».',
    ],
    misses: [
      'account id 1234567890',
      'arn:aws:iam::account:123456789012',
      'account number ending with 7854',
      'accounts: 12345678',
      'account created 2026-11-21',
      'sort code paths by 123456',
      'sort: 123456',
      'account 2026',
    ],
  },
}

// BIC

const BIC_FILLERS = new WordSet('code codes number no is was of for the my our your bic swift and bank n')
const COUNTRIES = new WordSet(
  'ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx ' +
    'cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir ' +
    'is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne ' +
    'nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg ' +
    'th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws xk ye yt za zm zw',
)

function findBic(subject: Subject, at: number): boolean {
  const from = at === IN_LABEL ? subject.start : valueAhead(subject, at + 1, BIC_FILLERS, 32)
  if (from < 0 || subject.isWord(from - 1)) return false
  const to = subject.runEnd(from, ALNUM, 12)
  if ((to - from !== 8 && to - from !== 11) || subject.isWord(to)) return false
  for (let i = 0; i < 6; i++) if (!isCapital(subject.at(from + i))) return false
  for (let i = 6; i < to - from; i++) if (subject.is(from + i, LETTER) && !isCapital(subject.at(from + i))) return false
  return COUNTRIES.has(subject.bytes, from + 4, from + 6) && subject.matched(from, to)
}

const isCapital = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a

// Routing numbers

const ROUTING_FILLERS = new WordSet(
  'number numbers no nr num transit code is was the of for my our your aba rtn bank n value',
)

function findRouting(subject: Subject, at: number): boolean {
  let from = subject.start
  if (at !== IN_LABEL) {
    const ahead = numberAhead(subject, at + 1, { fillers: ROUTING_FILLERS, bytesMax: 40 })
    if (ahead.at <= at + 1 || !ahead.isNext) return false
    from = ahead.at
  }
  let to = from
  let count = 0
  let sum = 0
  for (; count < 10; to++) {
    if (subject.is(to, DIGIT)) sum += (subject.at(to) - 0x30) * (WEIGHTS[count++ % 3] as number)
    else if (subject.at(to) !== 0x2d || (count !== 4 && count !== 8)) break
  }
  if (count !== 9 || sum % 10 !== 0 || sum === 0 || !isReserveBank(subject, from)) return false
  return !subject.isWord(from - 1) && !subject.isWord(to) && subject.matched(from, to)
}

const WEIGHTS = [3, 7, 1]

/** First two digits: 00 to 12 banks, 21 to 32 thrifts, 61 to 72 electronic, 80 traveller's cheques. */
function isReserveBank(subject: Subject, from: number): boolean {
  const district = (subject.at(from) - 0x30) * 10 + subject.at(from + 1) - 0x30
  return district <= 12 || (district >= 21 && district <= 32) || (district >= 61 && district <= 72) || district === 80
}

// Accounts

/** Before the word: what makes it an account at a bank. */
const BANK_WORDS = new WordSet(
  'bank checking chequing savings deposit current giro wire beneficiary payout settlement bancaria bancaire bancario',
)
/** Behind the word: it is the number that comes. */
const NUMBER_WORDS = new WordSet('number no nr num nummer numero número numéro')
/** Words that need none of these. */
const OWN_WORDS = new WordSet('accountnumber accountno acctno kontonummer kontonr rekeningnummer sortcode')
const ACCOUNT_FILLERS = new WordSet(
  'number no nr num nummer numero número numéro is was the of for my our your with value bank n ist lautet code',
)
const ACCOUNT_BYTES_MAX = 34

function findAccount(subject: Subject, at: number): boolean {
  const { word, wordStart } = subject
  if (at === IN_LABEL) return isAccountLabel(subject.label) && matchAccount(subject, subject.start, 6)
  const wordEnd = at + 1
  const isSort = word === 'sort'
  if (
    isSort &&
    !((subject.at(wordEnd + 1) | 0x20) === 0x63 && subject.hasText(wordEnd + 2, 'ode')) &&
    !subject.hasText(wordEnd, 'Code')
  )
    return false
  const ahead = numberAhead(subject, wordEnd, { fillers: ACCOUNT_FILLERS, bytesMax: ACCOUNT_BYTES_MAX })
  if (ahead.at <= wordEnd || !ahead.isNext) return false
  if (isSort || word === 'sortcode') return matchSortCode(subject, ahead.at)
  const isNumber = OWN_WORDS.has(subject.bytes, wordStart, wordEnd) || hasNumberWord(subject, wordEnd, ahead.at)
  if (!isNumber && !isBank(subject, wordStart)) return false
  return matchAccount(subject, ahead.at, isNumber ? 6 : 7)
}

/** `account_number`, `customer.bankAccount`: by its last letters. */
const LABELS = [
  'accountnumber',
  'accountno',
  'accountnr',
  'acctno',
  'acctnumber',
  'bankaccount',
  'kontonummer',
  'kontonr',
  'rekeningnummer',
]
const LABEL_LETTERS_MAX = 16

function isAccountLabel(label: Uint8Array): boolean {
  let letters = ''
  for (let at = label.length - 1; at >= 0 && letters.length < LABEL_LETTERS_MAX; at--) {
    const letter = (label[at] as number) | 0x20
    if (letter >= 0x61 && letter <= 0x7a) letters = String.fromCharCode(letter) + letters
  }
  return LABELS.some((ending) => letters.endsWith(ending))
}

function hasNumberWord(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (!subject.is(at, LETTER)) continue
    let end = at
    while (end < to && (subject.is(end, LETTER) || subject.at(end) >= 0x80)) end++
    if (NUMBER_WORDS.has(subject.bytes, at, end)) return true
    at = end
  }
  return false
}

/** The word before: "bank account", savings_account. */
function isBank(subject: Subject, wordStart: number): boolean {
  const end = wordStart - 1
  if (subject.at(end) !== 0x20 && subject.at(end) !== 0x5f && subject.at(end) !== 0x2d) return false
  let from = end
  while (from > end - 12 && subject.is(from - 1, LETTER)) from--
  if (subject.isEscapeLetter(from)) from++
  return BANK_WORDS.has(subject.bytes, from, end)
}

/** Letters, digits and single dashes, five of them digits at least; no date. */
function matchAccount(subject: Subject, from: number, digitsMin: number): boolean {
  let digits = 0
  let to = from
  for (; to < from + ACCOUNT_BYTES_MAX; to++) {
    if (subject.is(to, DIGIT)) digits++
    else if (subject.at(to) === 0x2d ? !subject.is(to + 1, DIGIT) : !subject.is(to, LETTER)) break
  }
  subject.steps += to - from
  if (digits < digitsMin || digits > 17 || subject.isWord(from - 1) || subject.isWord(to)) return false
  if (digits * 2 < to - from || isDate(subject, from)) return false
  if (subject.at(to) === 0x2e && subject.is(to + 1, DIGIT)) return false
  return subject.matched(from, to)
}

const isDate = (subject: Subject, from: number): boolean =>
  subject.at(from + 4) === 0x2d && subject.at(from + 7) === 0x2d

/** 12-34-56 or 123456. */
function matchSortCode(subject: Subject, from: number): boolean {
  let digits = 0
  let to = from
  for (; digits < 7; to++) {
    if (subject.is(to, DIGIT)) digits++
    else if ((subject.at(to) !== 0x2d && subject.at(to) !== 0x20) || digits % 2 === 1 || !subject.is(to + 1, DIGIT))
      break
  }
  return digits === 6 && !subject.isWord(to) && subject.matched(from, to)
}
