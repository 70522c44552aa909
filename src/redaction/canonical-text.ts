import type { RuleFamily, RuleType } from './rule.ts'

/**
 * One spelling for all spellings of a value, so that a pseudonym is the same for `Nora@Example.com` and `nora@example.com`, `4111 1111 …` and `41111111…`. Case of
 * the local part of an address is ignored, as all large providers do; a phone number without its country stays one of its own.
 */
export function canonicalText(type: RuleType, family: RuleFamily | undefined, text: string): string {
  const trimmed = text.normalize('NFKC').trim()
  if (type === 'EMAIL') return trimmed.toLowerCase()
  if (type === 'PHONE') return canonicalPhone(trimmed)
  if (type === 'PERSON' || type === 'ADDRESS') return trimmed.toLowerCase().replaceAll(/[\s,]+/g, ' ')
  if (family === 'payment' || family === 'identity') return trimmed.replaceAll(/[^\p{L}\p{N}]/gu, '').toUpperCase()
  if (family === 'network') return trimmed.toLowerCase()
  // Every character of a secret counts.
  return text.trim()
}

/** Digits, with a plus when the country is known: extensions are a part of it. */
function canonicalPhone(text: string): string {
  const digits = text.replaceAll(/[^\d]/g, '')
  if (text.startsWith('+')) return `+${digits}`
  return digits.startsWith('00') ? `+${digits.slice(2)}` : digits
}
