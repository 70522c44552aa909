/** What customers write: invented people, with the addresses, cards and keys that people do put into support tickets. */
export interface Ticket {
  readonly conversation: string
  readonly from: string
  readonly text: string
}

/** Joined here so that no secret stands in this file as it would in a message. */
const glue = (...parts: readonly string[]): string => parts.join('')

/** Values that must not leave the sidecar; the end-to-end test looks for each of them. */
export const secrets: readonly string[] = [
  'ada.lovelace@example.com',
  'grace.hopper+orders@example.org',
  'k.johnson@mail.example.net',
  '4111 1111 1111 1111',
  '5555-5555-5555-4444',
  '378282246310005',
  glue('sk-', 'proj-', 'Zr8kQw3nT5vYb1xUe6mC', 'T3Blbk', 'FJ0aHs7dLf2gPj9oRi4N'),
  glue('AKIA', 'Z7QW', 'ERTY', 'UIOP', '2345'),
  glue('ghp_', 'a8Kd03mfLs92kdPq', 'ZxYw71bvQeRt55NnMmLk'),
]

const [
  ada = '',
  grace = '',
  katherine = '',
  visa = '',
  master = '',
  amex = '',
  openaiKey = '',
  awsKey = '',
  githubToken = '',
] = secrets

export function tickets(round: number): Ticket[] {
  const order = (n: number): string => `${1000 + ((round - 1) * 10 + n)}`
  const texts: readonly (readonly [string, string])[] = [
    [ada, `I was charged twice for order ${order(1)} on my card ${visa}. Please refund it to ${ada}.`],
    [grace, `Refund order ${order(2)} please. Card ${master}, write to ${grace}, phone +1 (415) 555-0132.`],
    [katherine, `order ${order(3)} never came and I was charged! Card ${amex}. ${katherine}`],
    [ada, `How do I rotate my API key? The old one is ${openaiKey}, and it still works. ${ada}`],
    [grace, `I was charged for order ${order(5)} but it was cancelled. My address: ${grace}`],
    [katherine, `Our deploy fails: AWS_ACCESS_KEY_ID=${awsKey}, token ${githubToken}. What is wrong? ${katherine}`],
    [ada, `Second request: refund order ${order(8)}, paid with ${visa}.`],
    [grace, `Is it true that {"card": "${master}", "email": "${grace}"} is stored at yours?`],
  ]
  return texts.map(([from, text], i) => ({ conversation: `ticket-${round}-${i + 1}`, from, text }))
}
