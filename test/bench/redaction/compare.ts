import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { annotatedSets, loadAnnotated } from './annotated.ts'
import type { Annotated } from './annotated.ts'
import { ownDetector } from './detector.ts'
import type { Detector, Found } from './detector.ts'
import { isMechanical, meanLeak, measureLeaks } from './leaks.ts'
import { f1, measure, percent } from './measure.ts'
import type { ClassCounts } from './measure.ts'
import { realCode } from './negatives.ts'
import { createPeers } from './peers.ts'
import { printTable } from './print-table.ts'
import { measureSpeed } from './peer-speed.ts'
import { renderQuality } from './render-quality.ts'
import type { Section } from './render-quality.ts'
import { measureEngine } from './speed.ts'

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    peers: { type: 'string' },
    set: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    'skip-speed': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
/** Peers take time that grows with the square of a text's length: a text is cut there. */
const TEXT_CHARS_MAX = 20_000
const secondsMax = Number(options.seconds)

async function main(): Promise<void> {
  const own = [ownDetector(), ownDetector({ withNames: true })]
  const chosen = createPeers().filter(
    ({ name }) => options.peers === undefined || options.peers.split(',').includes(name),
  )
  const detectors = [...own, ...chosen]
  const sections: Section[] = []
  const add = (section: Section): void => {
    sections.push(section)
    console.log(`\n${section.title}${section.note === '' ? '' : `\n${section.note}`}`)
    printTable(section.header, section.rows)
  }
  const sets = annotatedSets.filter((name) => options.set === undefined || options.set.split(',').includes(name))
  for (const name of sets) add(await annotatedSection(name, detectors))
  if (options.set === undefined) {
    add(await leakSection(detectors))
    add(await negativeSection(detectors))
    if (!options['skip-speed']) {
      for (const section of await measureSpeed(own, chosen)) add(section)
      add(measureEngine())
    }
  }
  if (!options.write) return
  const machine = `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
  const url = new URL('../../../docs/redaction-quality.md', import.meta.url)
  writeFileSync(url, renderQuality(sections, new Date().toISOString().slice(0, 10), machine))
}

interface Done {
  readonly records: readonly Annotated[]
  readonly found: readonly Found[]
}

/** What the detector finds until its time is up, group by group in an order that is random but always the same. */
async function findUntilTimeIsUp(detector: Detector, records: readonly Annotated[]): Promise<Done> {
  const groups = [...Map.groupBy(records, ({ group }) => group)].sort(([a], [b]) => hash(a).localeCompare(hash(b)))
  const done: { records: Annotated[]; found: Found[] } = { records: [], found: [] }
  const start = process.cpuUsage()
  for (const [, members] of groups) {
    const { user, system } = process.cpuUsage(start)
    if (user + system > secondsMax * 1e6) break
    done.found.push(...(await detector.find(members.map(({ text }) => text))))
    done.records.push(...members)
  }
  return done
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

async function annotatedSection(name: string, detectors: readonly Detector[]): Promise<Section> {
  const records = loadAnnotated(name)
  const measured: { name: string; share: number; classes: ReadonlyMap<string, ClassCounts>; nowhere: number }[] = []
  for (const detector of detectors) {
    const done = await findUntilTimeIsUp(detector, records)
    const findings = done.found.map((one) => one.findings)
    const { classes } = measure(done.records, findings)
    const nowhere = findings.flatMap((list, i) =>
      list.filter((f) => !(done.records[i]?.spans ?? []).some((s) => f.start < s.end && s.start < f.end)),
    ).length
    measured.push({ name: detector.name, share: done.records.length / records.length, classes, nowhere })
  }
  const types = [...measure(records, []).classes].sort(([, a], [, b]) => b.gold - a.gold)
  const cell = (counts: ClassCounts | undefined): string => {
    if (counts === undefined || counts.gold === 0) return '–'
    const { right, found, overlapped, gold, covered } = counts
    if (found === 0 && covered === 0) return '–'
    return `${whole(right, found)}/${whole(overlapped, gold)}/${f1(counts).toFixed(0)} [${whole(covered, gold)}]`
  }
  const rows = types.map(([type, { gold }]) => [
    `${type} (${gold})`,
    ...measured.map(({ classes }) => cell(classes.get(type))),
  ])
  rows.push(['all: fully covered', ...measured.map(({ classes }) => totalCovered(classes))])
  rows.push(['findings on nothing annotated', ...measured.map(({ nowhere }) => String(nowhere))])
  const cut = measured.filter(({ share }) => share < 1)
  const note =
    cut.length === 0 ? '' : `Time was up: ${cut.map((one) => `${one.name} did ${percent(one.share, 1)} %`).join(', ')}.`
  return { title: name, note, header: ['class (gold)', ...measured.map((one) => one.name)], rows }
}

const whole = (part: number, all: number): string => (all === 0 ? '–' : ((100 * part) / all).toFixed(0))

function totalCovered(classes: ReadonlyMap<string, ClassCounts>): string {
  const all = [...classes.values()]
  return percent(
    all.reduce((sum, { covered }) => sum + covered, 0),
    all.reduce((sum, { gold }) => sum + gold, 0),
  )
}

async function leakSection(detectors: readonly Detector[]): Promise<Section> {
  const leaks = await Promise.all(detectors.map(async (detector) => measureLeaks(detector)))
  const variants = leaks[0] ?? []
  const rows = variants.map(({ variant }, i) => [
    variant,
    ...leaks.map((list) => whole(list[i]?.leaked ?? 0, list[i]?.all ?? 0)),
  ])
  rows.push([`mean of ${variants.length}`, ...leaks.map((list) => meanLeak(list).toFixed(1))])
  rows.push([
    `mean of the ${variants.filter(isMechanical).length} mechanical ones`,
    ...leaks.map((list) => meanLeak(list.filter(isMechanical)).toFixed(1)),
  ])
  return {
    title: 'encoded_variants',
    note: 'Values that cheap decoders can read out of the redacted text, per cent.',
    header: ['encoding', ...detectors.map(({ name }) => name)],
    rows,
  }
}

async function negativeSection(detectors: readonly Detector[]): Promise<Section> {
  const sets = [
    ...['fp_identifiers', 'llm_http_cassettes'].map((name) => ({
      name,
      texts: loadAnnotated(name).map(({ text }) => text),
    })),
    realCode(),
  ]
  const rows: string[][] = []
  const shares: string[] = []
  for (const { name, texts } of sets) {
    const records = texts.map((text, i) => ({
      id: '',
      src: '',
      value: '',
      variant: '',
      label: '',
      spans: [],
      text: text.slice(0, TEXT_CHARS_MAX),
      group: String(i),
    }))
    const cells: string[] = []
    for (const detector of detectors) {
      const { records: done, found } = await findUntilTimeIsUp(detector, records)
      const megabytes = done.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / 1e6
      const count = found.reduce((sum, { findings }) => sum + findings.length, 0)
      cells.push((count / megabytes).toFixed(megabytes < 1 || count / megabytes < 100 ? 1 : 0))
      if (done.length < records.length)
        shares.push(`${detector.name} did ${percent(done.length, records.length)} % of ${name}`)
    }
    rows.push([name, ...cells])
  }
  return {
    title: 'Negatives',
    note: `Findings a MB of text without personal data (texts cut at ${TEXT_CHARS_MAX} characters; authors' e-mail addresses in code and traffic are real ones).${shares.length === 0 ? '' : ` Time was up: ${shares.join(', ')}.`}`,
    header: ['set', ...detectors.map(({ name }) => name)],
    rows,
  }
}

if (options.help)
  console.log(`Quality and speed of the redaction engine beside npm packages, all in this run.

  node test/bench/redaction/compare.ts [--write] [--set a,b] [--peers a,b] [--seconds n] [--skip-speed]

--seconds  how long a peer may take for one data set (default 20); what it did until then is scored, and the share is said
--write    writes docs/redaction-quality.md`)
else await main()
