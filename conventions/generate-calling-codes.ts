import metadata from 'libphonenumber-js/metadata.min.json'

/**
 * src/redaction/rules/calling-codes.gen.ts as text: the calling codes of the numbering plans that Google's libphonenumber lists (Apache-2.0, read from
 * libphonenumber-js, MIT), each with the lengths of its national numbers.
 */
export function renderCallingCodes(): string {
  const plans: [string, unknown[]][] = [
    ...Object.entries(metadata.country_calling_codes).map<[string, unknown[]]>(([code, countries]) => [
      code,
      countries.map(countryPlan),
    ]),
    ...Object.entries(metadata.nonGeographic).map<[string, unknown[]]>(([code, plan]) => [code, [plan]]),
  ]
  const rows = plans.toSorted(([a], [b]) => Number(a) - Number(b)).map(([code, list]) => row(code, list))
  return [
    '// Generated from libphonenumber-js by conventions/generate-calling-codes.ts (npm run generate). Do not edit.',
    '// libphonenumber: Copyright (C) Google Inc., Apache License 2.0.',
    '/** `code:lengths`, each length a hexadecimal digit. */',
    `export const CALLING_CODES =\n  '${rows.join(' ')}'`,
    '',
  ].join('\n')
}

/** Of an international number without its code (ITU E.164); a few plans have longer ones, which cannot be called from abroad. */
const NUMBER_DIGITS_MAX = 15

const countryPlan = (country: string): unknown =>
  Object.entries(metadata.countries).find(([name]) => name === country)?.[1]

function row(code: string, plans: readonly unknown[]): string {
  const lengths = new Set(plans.flatMap(lengthsOf).filter((length) => length <= NUMBER_DIGITS_MAX))
  const digits = [...lengths].toSorted((a, b) => a - b).map((length) => length.toString(16))
  return `${code}:${digits.join('')}`
}

/** They stand fourth in a plan. */
function lengthsOf(plan: unknown): number[] {
  if (!Array.isArray(plan) || !Array.isArray(plan[3])) throw new TypeError('not the shape of a numbering plan')
  return plan[3].map(Number)
}
