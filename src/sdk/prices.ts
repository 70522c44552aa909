import { readFileSync, statSync } from 'node:fs'
import { createPriceBoundOf, type PriceBoundOf } from '../pricing/price-bound.ts'
import { createPriceOf, type PriceOf } from '../pricing/price-of.ts'
import { type PriceFile, parsePriceFile, PRICE_FILE_BYTES_MAX } from '../pricing/price-file.ts'

let source: { readonly path: string; readonly warn: (line: string) => void } | undefined
let file: { readonly prices: PriceFile | undefined } | undefined
let prices: PriceOf | undefined
let bounds: PriceBoundOf | undefined

/** Names the file whose prices come before the table's. It is read when the first call is priced; `warn` is told what is wrong with it. */
export function usePricesFile(path: string, warn: (line: string) => void): void {
  source = { path, warn }
  file = prices = bounds = undefined
}

/** What a call costs by the user's prices and the table's. */
export const priceOf: PriceOf = (call) => (prices ??= createPriceOf(pricesFile()))(call)

/** What a call that is not made yet can cost at most, by the same prices. */
export const priceBoundOf: PriceBoundOf = (usage) => (bounds ??= createPriceBoundOf(pricesFile()))(usage)

const pricesFile = (): PriceFile | undefined => (file ??= { prices: readPrices() }).prices

function readPrices(): PriceFile | undefined {
  if (source === undefined) return undefined
  const { path, warn } = source
  const reject = (what: string): undefined =>
    void warn(`SPANWARDEN_PRICES_FILE ${path}: ${what}; the built-in prices are used`)
  try {
    const entry = statSync(path)
    // A pipe would hold the agent.
    if (!entry.isFile()) return reject('is not a file')
    if (entry.size > PRICE_FILE_BYTES_MAX) return reject(`is larger than ${PRICE_FILE_BYTES_MAX} bytes`)
    const { file, problems } = parsePriceFile(readFileSync(path, 'utf8'))
    const [first, ...others] = problems
    if (first === undefined) return file
    const more = others.length === 0 ? '' : ` (and ${others.length} more: spanwarden prices --check shows them)`
    return reject(`${[first.path, first.message].filter(Boolean).join(' ')}${more}`)
  } catch (error) {
    return reject(
      `can't be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'})`,
    )
  }
}
