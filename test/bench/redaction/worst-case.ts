import { parseArgs } from 'node:util'
import { createRedactor } from '../../../src/redaction/redactor.ts'
import { exampleUnits, hardUnits, wordUnits } from '../../support/hard-texts.ts'
import { printTable } from './print-table.ts'

const { values: options } = parseArgs({
  options: { show: { type: 'string', default: '20' }, unlimited: { type: 'boolean', default: false } },
})
const redactor = createRedactor(options.unlimited ? { limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } } : {})

const FIRST_BYTES = 50_000
const MEGABYTE = 1_000_000

/**
 * The texts that take the engine longest: a megabyte of one unit, default limits. All units are tried with a smaller text first; exponents beyond 1.05 are growth
 * that is more than linear.
 */
function main(): void {
  const units = [...new Set([...hardUnits, ...wordUnits, ...exampleUnits])].filter((unit) => unit !== '')
  const first = units.map((unit) => ({ unit, ms: timeOf(unit, FIRST_BYTES, 2) })).sort((a, b) => b.ms - a.ms)
  const rows = first.slice(0, Number(options.show)).map(({ unit }) => {
    const quarter = timeOf(unit, MEGABYTE / 4, 3)
    const whole = timeOf(unit, MEGABYTE, 3)
    return { unit, whole, exponent: Math.log(whole / quarter) / Math.log(4), steps: redactor.steps / MEGABYTE }
  })
  console.log(`${units.length} units tried, the slowest with a megabyte:`)
  printTable(
    ['unit', 'ms', 'exponent', 'steps a byte'],
    rows
      .sort((a, b) => b.whole - a.whole)
      .map(({ unit, whole, exponent, steps }) => [
        JSON.stringify(unit).slice(0, 60),
        whole.toFixed(1),
        exponent.toFixed(2),
        steps.toFixed(1),
      ]),
  )
}

/** CPU time of the bytes' way through the engine, as the sidecar goes it. */
function timeOf(unit: string, bytes: number, passes: number): number {
  const text = Buffer.from(unit.repeat(Math.ceil(bytes / Buffer.byteLength(unit))))
  let best = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < passes; pass++) {
    const start = process.cpuUsage()
    redactor.scan(text)
    redactor.redactions(0, text.length)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1e3)
  }
  return best
}

main()
