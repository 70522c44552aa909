import { loadAnnotated } from './annotated.ts'
import type { Detector } from './detector.ts'
import type { Section } from './render-quality.ts'

const TEXT_CHARS_MAX = 10_000
const CORPUS_BYTES_MAX = 3_000_000
/** CPU time that a detector may take for the corpus, and for one adversarial text. */
const SECONDS_MAX = 8

/** Speed as CPU time in this run, as multiples of a plain loop over the same bytes; then how time grows on texts that are hard for back-tracking. */
export async function measureSpeed(own: readonly Detector[], peers: readonly Detector[]): Promise<Section[]> {
  const texts = corpus()
  const bytes = Buffer.from(texts.join(''))
  const detectors = [...own, ...peers]
  const floor = megabytesPerSecond(
    bytes.length,
    Math.min(...Array.from({ length: 5 }, () => cpu(() => byteLoop(bytes)))),
  )
  const rows = [['plain loop over the bytes', floor.toFixed(0), '1.0']]
  for (const detector of detectors) {
    const speed = await speedOf(detector, texts)
    rows.push([detector.name, speed.toPrecision(3), (floor / speed).toPrecision(3)])
  }
  return [
    {
      title: 'Speed',
      note: `Through the interface for strings, CPU time, agent traces and model traffic in texts of up to ${TEXT_CHARS_MAX} characters; a peer is stopped after ${SECONDS_MAX} s. Ours goes through every text twice here, as a conversation of its own: the price of knowing what keys name. The sidecar hands over bytes, which is faster: see the table of the engine alone.`,
      header: ['', 'MB/s', '× loop'],
      rows,
    },
    await adversarial(detectors),
  ]
}

function corpus(): string[] {
  const all = ['tau_agent_traces', 'llm_http_cassettes', 'presidio_synth'].map((name) =>
    loadAnnotated(name).flatMap(({ text }) => text.match(new RegExp(`[^]{1,${TEXT_CHARS_MAX}}`, 'g')) ?? []),
  )
  const texts: string[] = []
  let bytes = 0
  for (let i = 0; bytes < CORPUS_BYTES_MAX && all.some((list) => i < list.length); i++)
    for (const list of all) {
      const text = list[i]
      if (text === undefined) continue
      texts.push(text)
      bytes += Buffer.byteLength(text)
    }
  return texts
}

const CLASSES = new Uint8Array(256).fill(1, 0x30, 0x3a)
let sink = 0
function byteLoop(bytes: Uint8Array): void {
  let count = 0
  for (let i = 0; i < bytes.length; i++) count += CLASSES[bytes[i] as number] as number
  sink += count
}

function cpu(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

const megabytesPerSecond = (bytes: number, seconds: number): number => bytes / 1e6 / seconds

/** Best of three passes over the corpus, or as far as the first pass gets in its time. */
async function speedOf(detector: Detector, texts: readonly string[]): Promise<number> {
  let best = 0
  for (let pass = 0; pass < 3; pass++) {
    const start = process.cpuUsage()
    let seconds = 0
    let bytes = 0
    for (const text of texts) {
      await detector.find([text])
      bytes += Buffer.byteLength(text)
      const { user, system } = process.cpuUsage(start)
      seconds = (user + system) / 1e6
      if (seconds > SECONDS_MAX) break
    }
    best = Math.max(best, megabytesPerSecond(bytes, seconds))
    if (seconds > SECONDS_MAX) break
  }
  return best
}

const FAMILIES = ['a.', '1-', '1:', 'Aa ', 'a@a@', '%41', '\\u0041', 'user_']
const SMALL = 5_000
const LARGE = 20_000

async function adversarial(detectors: readonly Detector[]): Promise<Section> {
  const rows: string[][] = []
  for (const unit of FAMILIES) {
    const cells: string[] = []
    for (const detector of detectors) {
      const small = await timeOf(detector, unit.repeat(SMALL / unit.length))
      const large = await timeOf(detector, unit.repeat(LARGE / unit.length))
      const exponent = Math.log(large / small) / Math.log(LARGE / SMALL)
      cells.push(`${large.toFixed(large < 10 ? 1 : 0)}${large < 5 ? '' : ` (${exponent.toFixed(1)})`}`)
    }
    rows.push([`\`${unit}\` repeated`, ...cells])
  }
  return {
    title: 'Hard texts',
    note: `CPU milliseconds for ${LARGE / 1000} kB (above 5 ms, in brackets: the exponent of growth from ${SMALL / 1000} kB on; 1 is linear).`,
    header: ['text', ...detectors.map(({ name }) => name)],
    rows,
  }
}

/** In milliseconds, the best of three: small times are mostly noise. */
async function timeOf(detector: Detector, text: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < 3; pass++) {
    const start = performance.now()
    await detector.find([text])
    best = Math.min(best, performance.now() - start)
    if (best > 1000) break
  }
  return Number.isFinite(sink) ? best : 0
}
