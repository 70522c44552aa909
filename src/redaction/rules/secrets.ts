import type { Rule } from '../rule.ts'
import { ALNUM, BASE64, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import {
  TRIGGER_AWS,
  TRIGGER_GITHUB,
  TRIGGER_GOOGLE,
  TRIGGER_SECRET,
  TRIGGER_SK,
  TRIGGER_SLACK,
  TRIGGER_STRIPE,
} from '../triggers.ts'

// Examples are put together from parts, so that secret scanners do not take them for leaks.
const run36 = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'

export const openaiKey: Rule = {
  type: 'OPENAI_KEY',
  family: 'secrets',
  summary: 'API keys of the form `sk-…`: OpenAI and those who copied its form.',
  triggers: [TRIGGER_SK],
  confidence: 0.95,
  find: (subject, at) => !subject.hasText(at + 1, 'ant-') && findSkKey(subject, at),
  examples: {
    matches: [`key=«sk${'-'}proj-${run36}»`, `«sk${'-'}${run36}»`, `Contact:\\n«sk${'-'}${run36}»`],
    misses: ['sk-learn-estimator-checks-are-nice', 'task-id-0123456789abcdefghij', 'sk-short1'],
  },
}

export const anthropicKey: Rule = {
  type: 'ANTHROPIC_KEY',
  family: 'secrets',
  summary: 'Anthropic API keys, `sk-ant-…`.',
  triggers: [TRIGGER_SK],
  confidence: 1,
  find: (subject, at) => subject.hasText(at + 1, 'ant-') && findSkKey(subject, at),
  examples: { matches: [`"«sk${'-'}ant-api03-${run36}_x-AA»"`], misses: [`sk-ant-x`] },
}

export const awsAccessKey: Rule = {
  type: 'AWS_ACCESS_KEY',
  family: 'secrets',
  summary: 'AWS access key ids.',
  triggers: [TRIGGER_AWS],
  confidence: 0.95,
  find: findAwsAccessKey,
  examples: {
    matches: [`id «AKI${'A'}IOSFODNN7EXAMPLE».`, `"«ASI${'A'}Y34FZKBOKMUTVV7A»"`],
    misses: [`AKI${'A'}IOSFODNN7EXAMPLEX`, `XAKI${'A'}IOSFODNN7EXAMPLE`, `AKI${'A'}iosfodnn7example`],
  },
}

export const awsSecretKey: Rule = {
  type: 'AWS_SECRET_KEY',
  family: 'secrets',
  summary: 'AWS secret access keys: forty characters behind a name such as `aws_secret_access_key`.',
  triggers: [TRIGGER_SECRET],
  confidence: 0.9,
  find: findAwsSecretKey,
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

export const githubToken: Rule = {
  type: 'GITHUB_TOKEN',
  family: 'secrets',
  summary: 'GitHub tokens: personal, OAuth, app, refresh and fine-grained.',
  triggers: [TRIGGER_GITHUB],
  confidence: 1,
  find: findGithubToken,
  examples: {
    matches: [
      `token «gh${'p_'}${run36}»`,
      `«github_pat${'_'}11ABCDEFG0${run36}_x»`,
      `https://x:«gh${'o_'}${run36}»@github.com`,
    ],
    misses: [`gh${'p_'}short`, `highp_${run36}`],
  },
}

export const slackToken: Rule = {
  type: 'SLACK_TOKEN',
  family: 'secrets',
  summary: 'Slack tokens, `xoxb-…` and `xapp-…`.',
  triggers: [TRIGGER_SLACK],
  confidence: 1,
  find: findSlackToken,
  examples: {
    matches: [`«xo${'xb'}-1234567890-abcdefghij»`, `SLACK=«xap${'p'}-1-A0123-456-abcdef»`],
    misses: ['xoxo-hugs-and-kisses', 'xoxb-abc'],
  },
}

export const googleApiKey: Rule = {
  type: 'GOOGLE_API_KEY',
  family: 'secrets',
  summary: 'Google API keys.',
  triggers: [TRIGGER_GOOGLE],
  confidence: 1,
  find: findGoogleApiKey,
  examples: {
    matches: [`?key=«AI${'za'}SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q»&x`],
    misses: [`AI${'za'}SyA1b2C3`, `xAI${'za'}SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q`],
  },
}

export const stripeKey: Rule = {
  type: 'STRIPE_KEY',
  family: 'secrets',
  summary: 'Stripe secret and restricted keys, live and test.',
  triggers: [TRIGGER_STRIPE],
  confidence: 1,
  find: findStripeKey,
  examples: {
    matches: [`«sk${'_'}live_4eC39HqLyjWDarjtT1zdp7dc»`, `"«rk${'_'}test_4eC39HqLyjWDarjtT1zdp7dc»"`],
    misses: [`pk${'_'}live_4eC39HqLyjWDarjtT1zdp7dc`, `task${'_'}live_4eC39HqLyjWDarjtT1zdp7dc`],
  },
}

/** `at` is the dash of sk-. */
function findSkKey(subject: Subject, at: number): boolean {
  const from = at - 2
  if (from < subject.start || subject.isWord(from - 1)) return false
  const to = subject.tokenEnd(at + 1)
  // A key is random somewhere: a part of sixteen letters and digits with two digits in it.
  let part = 0
  let digits = 0
  for (let i = at + 1; i < to && i < at + 256; i++) {
    if (!subject.is(i, ALNUM)) part = digits = 0
    else {
      part++
      if (subject.is(i, DIGIT)) digits++
      if (part >= 16 && digits >= 2) return subject.matched(from, to)
    }
  }
  subject.steps += Math.min(256, to - at)
  return false
}

function findAwsAccessKey(subject: Subject, at: number): boolean {
  const from = at - 3
  if (from < subject.start || subject.isWord(from - 1) || subject.isWord(at + 17)) return false
  for (let i = at + 1; i <= at + 16; i++) {
    if (!subject.is(i, ALNUM) || (subject.at(i) & 0x60) === 0x60) return false
  }
  return subject.matched(from, at + 17)
}

/** `at` is the last letter of "secret". */
function findAwsSecretKey(subject: Subject, at: number): boolean {
  let name = at + 1
  while (name < at + 18 && (subject.is(name, LETTER) || '_- '.includes(String.fromCharCode(subject.at(name))))) name++
  if (!endsWithKey(subject, name)) return false
  let from = name
  while (from < name + 16 && ' \t"\'\\:=>,'.includes(String.fromCharCode(subject.at(from)))) from++
  if (from === name) return false
  let to = from
  while (
    to < from + 41 &&
    ((subject.is(to, BASE64) && subject.at(to) !== 0x2d && subject.at(to) !== 0x5f) || subject.at(to) === 0x2b)
  )
    to++
  subject.steps += to - at
  if (to - from !== 40 || subject.isWord(to)) return false
  return subject.matched(from, to)
}

/** Whether the name that ends before `end`, blanks aside, ends with "key". */
function endsWithKey(subject: Subject, end: number): boolean {
  let at = end
  while (subject.at(at - 1) === 0x20) at--
  return (
    (subject.at(at - 1) | 0x20) === 0x79 && (subject.at(at - 2) | 0x20) === 0x65 && (subject.at(at - 3) | 0x20) === 0x6b
  )
}

/** `at` is the `_` of gh?_ or the last of github_pat_. */
function findGithubToken(subject: Subject, at: number): boolean {
  const isFineGrained = subject.at(at - 1) === 0x74
  const from = isFineGrained ? at - 10 : at - 3
  if (from < subject.start || subject.isWord(from - 1) || (isFineGrained && !subject.hasText(from, 'github_pat_')))
    return false
  const to = isFineGrained ? subject.tokenEnd(at + 1) : subject.runEnd(at + 1, ALNUM, subject.end)
  if (to - at - 1 < 22 || subject.isWord(to)) return false
  return subject.matched(from, to)
}

/** `at` is the second x of xox?- or the last p of xapp-. */
function findSlackToken(subject: Subject, at: number): boolean {
  const isApp = subject.at(at) === 0x70
  const from = isApp ? at - 3 : at - 2
  const body = isApp ? at + 2 : at + 3
  if (from < subject.start || subject.isWord(from - 1)) return false
  const to = subject.tokenEnd(body)
  if (to - body < 10) return false
  for (let i = body; i < body + 24 && i < to; i++) if (subject.is(i, DIGIT)) return subject.matched(from, to)
  return false
}

function findGoogleApiKey(subject: Subject, at: number): boolean {
  const from = at - 3
  if (from < subject.start || subject.isWord(from - 1)) return false
  const to = subject.tokenEnd(at + 1)
  if (to - from < 39 || to - from > 45) return false
  return subject.matched(from, to)
}

function findStripeKey(subject: Subject, at: number): boolean {
  const from = at - 2
  if (from < subject.start || subject.isWord(from - 1) || subject.at(at + 5) !== 0x5f) return false
  const to = subject.runEnd(at + 6, ALNUM, subject.end)
  if (to - at - 6 < 10 || subject.isWord(to)) return false
  return subject.matched(from, to)
}
