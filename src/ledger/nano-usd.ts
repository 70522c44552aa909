/** Money in the ledger: whole billionths of a US dollar, at most 2^53 of them (9 million dollars), so that sums are exact. */
export type NanoUsd = number

export const NANO_PER_USD = 1_000_000_000
/** Sums end here. */
export const NANO_USD_MAX: NanoUsd = Number.MAX_SAFE_INTEGER

/** Rounds up: what is held may be more than what is paid, never less. Throws RangeError for what is no amount. */
export function nanoUsd(usd: number): NanoUsd {
  const nano = Math.ceil(usd * NANO_PER_USD - ROUNDING)
  if (!isAmount(nano)) throw new RangeError(`${usd} is no amount in US dollars`)
  return nano
}

/** 0.1 USD times a billion is a little more than 100,000,000 in floating point. */
const ROUNDING = 1e-6

export const isAmount = (nano: number): boolean => Number.isSafeInteger(nano) && nano >= 0
