export type PrometheusType = 'counter' | 'gauge' | 'histogram' | 'summary'

/**
 * The Prometheus name of an OpenTelemetry metric: unit spelled out behind it, `_total` behind counters, `_ratio` behind
 * gauges of unit 1 (opentelemetry.io, "Prometheus and OpenMetrics Compatibility"). Currencies are written small: `agent_cost_usd_total`.
 */
export function metricName(name: string, unit: string, type: PrometheusType): string {
  let words = name
    .replaceAll(/[^A-Za-z0-9_:]+/g, '_')
    .replaceAll(/__+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
  if (type === 'counter') words = words.replace(/_total$/, '')
  const suffix = unit === '1' ? (type === 'gauge' ? 'ratio' : '') : unitName(unit)
  if (suffix !== '' && words !== suffix && !words.endsWith(`_${suffix}`)) words = `${words}_${suffix}`
  if (words === '' || /^\d/.test(words)) words = `_${words}`
  return type === 'counter' ? `${words}_total` : words
}

/** The Prometheus name of an attribute: dots and all else that is not allowed become `_`; names of Prometheus' own are set apart. */
export function labelName(key: string): string {
  const name = key.replaceAll(/[^A-Za-z0-9_]/g, '_')
  if (/^\d/.test(name) || name === '') return `key_${name}`
  if (name.startsWith('__')) return `key${name}`
  return RESERVED.has(name) ? `exported_${name}` : name
}

const RESERVED: ReadonlySet<string> = new Set(['job', 'instance', 'le', 'quantile'])

/** `{call}` → '', `s` → seconds, `By/s` → bytes_per_second, `USD` → usd. */
function unitName(unit: string): string {
  const [of = '', per, ...rest] = unit.replaceAll(/\{[^}]*\}/g, '').split('/')
  if (rest.length > 0) return clean(unit)
  const first = UNITS.get(of) ?? clean(of)
  if (per === undefined || per === '') return first
  const second = PER_UNITS.get(per) ?? clean(per)
  return first === '' ? `per_${second}` : `${first}_per_${second}`
}

const clean = (unit: string): string =>
  (/^[A-Z]{3}$/.test(unit) ? unit.toLowerCase() : unit).replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '')

const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ns: 'nanoseconds',
    us: 'microseconds',
    ms: 'milliseconds',
    s: 'seconds',
    min: 'minutes',
    h: 'hours',
    d: 'days',
    By: 'bytes',
    KiBy: 'kibibytes',
    MiBy: 'mebibytes',
    GiBy: 'gibibytes',
    TiBy: 'tebibytes',
    KBy: 'kilobytes',
    MBy: 'megabytes',
    GBy: 'gigabytes',
    TBy: 'terabytes',
    m: 'meters',
    V: 'volts',
    A: 'amperes',
    J: 'joules',
    W: 'watts',
    g: 'grams',
    Cel: 'celsius',
    Hz: 'hertz',
    '%': 'percent',
    '1': '',
  }),
)
const PER_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({ s: 'second', m: 'minute', min: 'minute', h: 'hour', d: 'day' }),
)
