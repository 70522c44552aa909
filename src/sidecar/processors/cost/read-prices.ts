import { readFileSync, statSync } from 'node:fs'
import { type PriceFile, parsePriceFile, PRICE_FILE_BYTES_MAX } from '../../../pricing/price-file.ts'
import type { Logger } from '../../component.ts'

/** The user's prices; undefined when there is no file, or one with faults, which are logged. */
export function readPrices(path: string, logger: Logger): PriceFile | undefined {
  if (path === '') return undefined
  const reject = (...problems: string[]): undefined =>
    void logger.error({ file: path, problems }, 'the prices file is not used, the built-in prices are')
  try {
    const entry = statSync(path)
    // A pipe would hold the start.
    if (!entry.isFile()) return reject('is not a file')
    if (entry.size > PRICE_FILE_BYTES_MAX) return reject(`is larger than ${PRICE_FILE_BYTES_MAX} bytes`)
    const { file, problems } = parsePriceFile(readFileSync(path, 'utf8'))
    if (problems.length === 0) return file
    const lines = problems.map(({ path, message }) => [path, message].filter(Boolean).join(' '))
    const more = lines.length - PROBLEMS_LOGGED_MAX
    return reject(...lines.slice(0, PROBLEMS_LOGGED_MAX), ...(more > 0 ? [`and ${more} more`] : []))
  } catch (error) {
    return reject(
      `can't be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'})`,
    )
  }
}

/** Problems of one file in one log line. */
const PROBLEMS_LOGGED_MAX = 20
