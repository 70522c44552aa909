import { IN_LABEL } from '../keyed-value.ts'
import type { Rule } from '../rule.ts'
import { ALNUM } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'

/** Whoever knows such an address may post. Words (TRIGGER_WORD), what must follow them, and how long the secret path behind that is at least. */
const hooks: readonly (readonly [word: string, rest: string, pathMin: number])[] = [
  ['hooks', '.slack.com/services/', 20],
  ['hooks', '.slack.com/workflows/', 20],
  ['hooks', '.slack.com/triggers/', 20],
  ['hooks', '.zapier.com/hooks/catch/', 8],
  ['hook', '.integromat.com/', 20],
  ['webhookb2', '/', 60], // Teams
  ['webhooks', '/', 60], // Discord: /api/webhooks/<id>/<token>
  ['logic', '.azure.com', 40], // Teams by Power Automate, with its signature
]

const example = ['T0AB1CD2E', 'B0FG3HI4J', 'k5LmN6oPq7RsT8uVw9XyZ0aB'].join('/')

export const webhookUrl: Rule = {
  type: 'WEBHOOK_URL',
  family: 'secrets',
  summary: 'Addresses of incoming webhooks (Slack, Teams, Discord, Zapier, Make), which are secrets as a whole.',
  source: 'gitleaks (MIT licence): slack-webhook-url, microsoft-teams-webhook',
  triggers: [TRIGGER_WORD],
  words: [...new Set(hooks.map(([word]) => word))],
  confidence: 0.95,
  find: findWebhook,
  examples: {
    matches: [
      `curl «https://hooks.slack.com/services/${example}»`,
      `"«https://discord.com/api/webhooks/1234567890123456789/${example.replaceAll('/', '_')}${example.replaceAll('/', '-')}»"`,
    ],
    misses: [
      'https://hooks.slack.com/services/',
      'https://docs.example.com/api/webhooks/introduction',
      'hooks/useEffect',
    ],
  },
}

const URL_BYTES_BEFORE_MAX = 80
const URL_BYTES_BEHIND_MAX = 512

/** `at` is the last letter of the word. */
function findWebhook(subject: Subject, at: number): boolean {
  if (at === IN_LABEL) return false
  const hook = hooks.find(([word, rest]) => word === subject.word && subject.hasText(at + 1, rest))
  if (hook === undefined) return false
  const [, rest, pathMin] = hook
  const path = at + 1 + rest.length
  const to = urlEnd(subject, path)
  if (to - path < pathMin) return false
  let from = subject.wordStart
  const stop = Math.max(subject.start, from - URL_BYTES_BEFORE_MAX)
  while (from > stop && (subject.isWord(from - 1) || HOST_CHARS.has(subject.at(from - 1)))) from--
  subject.steps += to - from
  return subject.matched(from, to)
}

const HOST_CHARS = new Set(Array.from('.-:/', (char) => char.charCodeAt(0)))
const PATH_CHARS = new Set(Array.from('.-_~:/?#@!$&*+=%', (char) => char.charCodeAt(0)))

function urlEnd(subject: Subject, from: number): number {
  const stop = Math.min(subject.end, from + URL_BYTES_BEHIND_MAX)
  let at = from
  while (at < stop && (subject.is(at, ALNUM) || PATH_CHARS.has(subject.at(at)))) at++
  while (at > from && !subject.is(at - 1, ALNUM)) at--
  return at
}
