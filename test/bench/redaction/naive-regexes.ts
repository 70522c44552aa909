import type { Detector, Finding } from './detector.ts'

/** What one writes in an afternoon: a regular expression for each type, run over the text one after the other, with Luhn digits and nothing else checked. */
export const naiveRegexes: Detector = {
  name: 'naive regexes',
  find: async (texts) =>
    texts.map((text) => {
      const findings: Finding[] = []
      let redacted = text
      for (const [rule, pattern] of PATTERNS) {
        const isRight = (match: string): boolean => rule !== 'CREDIT_CARD' || hasLuhnDigit(match)
        for (const { 0: match, index } of text.matchAll(pattern))
          if (isRight(match)) findings.push({ start: index, end: index + match.length, rule })
        redacted = redacted.replaceAll(pattern, (match) => (isRight(match) ? `[${rule}]` : match))
      }
      return { findings, redacted }
    }),
}

export const PATTERNS: readonly (readonly [string, RegExp])[] = [
  ['SECRET', /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[^-]*-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/g],
  ['SECRET', /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g],
  ['SECRET', /\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]+:[^\s:@/]+@/gi],
  ['SECRET', /\b(?:sk-|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|hf_|npm_|sk_live_)[\w-]{12,}/g],
  ['SECRET', /(?<=(?:password|passwd|secret|token|api_?key)["']?\s*[:=]\s*["']?)[^\s"',;]{8,}/gi],
  ['EMAIL', /\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b/g],
  ['CREDIT_CARD', /\b(?:\d[ -]?){12,18}\d\b/g],
  ['IBAN', /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g],
  ['US_SSN', /\b\d{3}-\d{2}-\d{4}\b/g],
  ['IP', /\b(?:\d{1,3}\.){3}\d{1,3}\b/g],
  ['IP', /\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{1,4}\b/gi],
  ['MAC', /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi],
  ['PHONE', /\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}\b/g],
  ['PHONE', /(?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b/g],
]

function hasLuhnDigit(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const weighted = i % 2 === 1 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
}
