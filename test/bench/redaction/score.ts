import { parseArgs } from 'node:util'
import { annotatedSets, linesOf, loadAnnotated } from './annotated.ts'
import type { Annotated, Half } from './annotated.ts'
import { findInGroups, ownDetector } from './detector.ts'
import type { Detector, Finding } from './detector.ts'
import { isMechanical, meanLeak, measureLeaks } from './leaks.ts'
import { f1, isCovered, measure, percent } from './measure.ts'
import type { Measured, ScoringError } from './measure.ts'
import { realCode } from './negatives.ts'
import { printTable } from './print-table.ts'

const HELP = `Quality of the redaction engine on annotated texts.

  node test/bench/redaction/score.ts [--set a,b] [--type T] [--half a|b] [--errors N] [--names] [--all] [--alone]

--set     data sets (default: all): ${[...annotatedSets, 'encoded_variants', 'presidio_recognizer_vectors', 'libphonenumber_examples', 'negatives'].join(', ')}
--type    only this class of labels, e.g. PHONE, or of negatives and vectors this rule or recognizer
--half    one half of the groups of each set: read errors in one, check on the other
--errors  prints so many errors of each kind and class
--names   with the names tier
--all     with the rules too that apply only when they are named
--alone   each text alone, not as a part of its conversation`

const { values: options } = parseArgs({
  options: {
    set: { type: 'string' },
    type: { type: 'string' },
    half: { type: 'string' },
    errors: { type: 'string' },
    names: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const half: Half | undefined = options.half === 'a' || options.half === 'b' ? options.half : undefined
const errorsMax = Number(options.errors ?? 0)
const wanted = (name: string): boolean => options.set === undefined || options.set.split(',').includes(name)
const isWantedType = (name: string): boolean => options.type === undefined || name.includes(options.type)

if (options.help) console.log(HELP)
else await main(ownDetector({ allRules: options.all, withNames: options.names, isAlone: options.alone }))

async function main(detector: Detector): Promise<void> {
  for (const name of annotatedSets) {
    if (!wanted(name)) continue
    const records = loadAnnotated(name, half)
    const found = await findInGroups(detector, records)
    const findings = found.map((one) => one.findings)
    printMeasured(name, records, findings, measure(records, findings))
  }
  if (wanted('encoded_variants')) await printLeaks(detector)
  if (wanted('presidio_recognizer_vectors')) await printVectors(detector)
  if (wanted('libphonenumber_examples')) await printPhones(detector)
  if (wanted('negatives')) await printNegatives(detector)
}

function printMeasured(
  name: string,
  records: readonly Annotated[],
  findings: readonly (readonly Finding[])[],
  measured: Measured,
): void {
  const megabytes = records.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / 1e6
  console.log(`\n${name}: ${records.length} texts, ${megabytes.toFixed(2)} MB`)
  const rows = [...measured.classes]
    .filter(([type]) => isWantedType(type))
    .sort(([, a], [, b]) => b.gold - a.gold)
    .map(([type, counts]) => {
      const { gold, overlapped, covered, found, right, exact } = counts
      return [
        type,
        gold,
        percent(right, found),
        percent(overlapped, gold),
        f1(counts).toFixed(1),
        percent(covered, gold),
        percent(exact, gold),
        found - right,
      ]
    })
  printTable(['class', 'gold', 'P', 'R', 'F1', 'covered', 'exact', 'false'], rows)
  const nowhere = findings.flatMap((list, i) =>
    list.filter(({ start, end }) => !(records[i]?.spans ?? []).some((s) => start < s.end && s.start < end)),
  ).length
  console.log(
    `findings of any type that touch nothing annotated: ${nowhere} (${(nowhere / megabytes).toFixed(1)} a MB)`,
  )
  const others = [...measured.unlabelled].filter(([rule]) => isWantedType(rule))
  if (others.length > 0)
    console.log(
      `types that this set does not label, all (of which on something annotated): ${others.map(([rule, { all, overlapping }]) => `${rule} ${all} (${overlapping})`).join(', ')}`,
    )
  printErrors(measured.errors.filter((error) => isWantedType(error.class)))
}

function printErrors(errors: readonly ScoringError[]): void {
  if (errorsMax === 0) return
  for (const [title, list] of Map.groupBy(errors, (error) => `${error.kind}: ${error.class}`)) {
    console.log(`  ${title} (${list.length})`)
    for (const { record, start, end, rule } of sample(list)) {
      const { text } = record
      const before = text.slice(Math.max(0, start - 50), start)
      const line = `${before}«${text.slice(start, end)}»${text.slice(end, end + 30)}`
      console.log(`    ${record.id}${rule === '' ? '' : ` [${rule}]`}: ${JSON.stringify(line)}`)
    }
  }
}

/** So many of them, spread over the whole list. */
function sample<T>(list: readonly T[]): T[] {
  const stride = Math.max(1, Math.floor(list.length / errorsMax))
  return list.filter((_, i) => i % stride === 0).slice(0, errorsMax)
}

async function printLeaks(detector: Detector): Promise<void> {
  const leaks = await measureLeaks(detector, half)
  console.log(
    '\nencoded_variants: values that can be recovered from the redacted text, per cent (in half: half of the value or more)',
  )
  printTable(
    ['variant', 'values', 'leak', 'in half'],
    leaks.map(({ variant, all, leaked, halfLeaked }) => [variant, all, percent(leaked, all), percent(halfLeaked, all)]),
  )
  const mechanical = leaks.filter(isMechanical)
  console.log(
    `mean of ${leaks.length}: ${meanLeak(leaks).toFixed(2)} % (in half ${meanLeak(leaks, 'halfLeaked').toFixed(2)} %); ` +
      `of the ${mechanical.length} mechanical ones: ${meanLeak(mechanical).toFixed(2)} % (in half ${meanLeak(mechanical, 'halfLeaked').toFixed(2)} %)`,
  )
  if (errorsMax > 0)
    for (const { variant, examples } of leaks)
      for (const example of sample(examples)) console.log(`    ${variant}: ${example}`)
}

/** By recognizer: texts in which all that is expected is covered, and texts without anything in which something is found. */
async function printVectors(detector: Detector): Promise<void> {
  const records = loadAnnotated('presidio_recognizer_vectors', half)
  const found = await findInGroups(detector, records)
  const rows: (string | number)[][] = []
  const lines: string[] = []
  for (const [src, members] of Map.groupBy(records.entries(), ([, record]) => record.src)) {
    const recognizer = src.replace(/^presidio\/test_|_recognizer\.py$/g, '')
    if (!isWantedType(recognizer)) continue
    const positives = members.filter(([, { spans }]) => spans.length > 0)
    const missed = positives.filter(([i, { text, spans }]) =>
      spans.some((span) => !isCovered(text, span, found[i]?.findings ?? [])),
    )
    const negatives = members.filter(([, { spans }]) => spans.length === 0)
    const wrong = negatives.filter(([i]) => (found[i]?.findings.length ?? 0) > 0)
    rows.push([
      recognizer,
      `${positives.length - missed.length}/${positives.length}`,
      `${wrong.length}/${negatives.length}`,
    ])
    if (errorsMax === 0) continue
    lines.push(...sample(missed).map(([, { text }]) => `    ${recognizer} missed: ${JSON.stringify(text)}`))
    lines.push(...sample(wrong).map(([i]) => `    ${recognizer} found in: ${JSON.stringify(found[i]?.redacted)}`))
  }
  console.log(
    '\npresidio_recognizer_vectors: covered texts; texts without anything in which something (of any type) is found',
  )
  printTable(['recognizer', 'covered', 'false'], rows)
  if (lines.length > 0) console.log(lines.join('\n'))
}

/** Numbers of every country, written as machines and as people do. */
async function printPhones(detector: Detector): Promise<void> {
  const numbers = linesOf('libphonenumber_examples') as {
    region: string
    type: string
    national: string
    e164: string
  }[]
  const forms: Record<string, (number: (typeof numbers)[number]) => string> = {
    'E.164 in a sentence': ({ e164 }) => `Call ${e164} tomorrow`,
    'E.164 in JSON': ({ e164 }) => JSON.stringify({ value: e164 }),
    'national behind "phone"': ({ national }) => `phone: ${national}, thanks`,
    'national behind a key': ({ national }) => JSON.stringify({ phone_number: national }),
  }
  console.log('\nlibphonenumber_examples: covered')
  const rows: (string | number)[][] = []
  for (const [form, write] of Object.entries(forms)) {
    const found = await detector.find(numbers.map(write))
    const missed = numbers.filter((number, i) => {
      const text = write(number)
      const value = form.startsWith('E') ? number.e164 : number.national
      const start = text.indexOf(value)
      return !isCovered(text, { start, end: start + value.length }, found[i]?.findings ?? [])
    })
    rows.push([
      form,
      `${numbers.length - missed.length}/${numbers.length}`,
      percent(numbers.length - missed.length, numbers.length),
    ])
    if (errorsMax > 0)
      console.log(
        sample(missed)
          .map((number) => `    ${form}: ${number.region} ${number.type} ${write(number)}`)
          .join('\n'),
      )
  }
  printTable(['form', 'covered', '%'], rows)
}

async function printNegatives(detector: Detector): Promise<void> {
  const decoys = ['fp_identifiers', 'llm_http_cassettes'].map((name) => ({
    name,
    texts: loadAnnotated(name, half).map(({ text }) => text),
  }))
  console.log('\nnegatives: false findings, and a MB (e-mail addresses of code and cassettes are real ones)')
  const rows: (string | number)[][] = []
  for (const { name, texts } of [...decoys, realCode()]) {
    const megabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6
    const hits = new Map<string, string[]>()
    const found = (await Promise.all(texts.map(async (text) => detector.find([text])))).map(([one]) => one)
    for (const [i, text] of texts.entries()) {
      for (const { rule, start, end } of found[i]?.findings ?? []) {
        const list = hits.get(rule) ?? []
        hits.set(rule, list)
        list.push(
          `${text.slice(Math.max(0, start - 40), start)}«${text.slice(start, end)}»${text.slice(end, end + 20)}`,
        )
      }
    }
    const all = [...hits.values()].reduce((sum, list) => sum + list.length, 0)
    rows.push([name, megabytes.toFixed(2), 'all', all, (all / megabytes).toFixed(1)])
    for (const [rule, list] of [...hits].sort(([, a], [, b]) => b.length - a.length)) {
      if (!isWantedType(rule)) continue
      rows.push(['', '', rule, list.length, (list.length / megabytes).toFixed(1)])
      if (errorsMax > 0) for (const line of sample(list)) console.log(`    ${name} ${rule}: ${JSON.stringify(line)}`)
    }
  }
  printTable(['set', 'MB', 'rule', 'findings', 'a MB'], rows)
}
