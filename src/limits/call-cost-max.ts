/** What one call is believed to have cost, at most, in nano-USD (100,000 USD): of a call that says more, nobody knows what it cost. Sums stay exact by it. */
export const CALL_COST_MAX = 100_000_000_000_000
