/**
 * Whether the value can still be read out of a redacted text with decoders that anybody has at hand: JSON escapes, percent signs, HTML references,
 * base64, hex, compatibility forms, characters without width, digits of other scripts, "[at]" and "[dot]", three of them in a row. Letters and digits are
 * compared, in any case.
 */
export function isRecoverable(value: string, redacted: string): boolean {
  const needle = squeezed(value)
  return viewsOf(redacted).some((view) => view.includes(needle))
}

/** The same of half of the value: any run of half of its letters and digits. Stricter than what peers were measured by. */
export function isHalfRecoverable(value: string, redacted: string): boolean {
  const whole = squeezed(value)
  const length = Math.max(6, Math.ceil(whole.length / 2))
  const views = viewsOf(redacted)
  for (let at = 0; at + length <= whole.length; at++) {
    const part = whole.slice(at, at + length)
    if (views.some((view) => view.includes(part))) return true
  }
  return false
}

const DEPTH_MAX = 3
const VIEWS_MAX = 200

function viewsOf(text: string): string[] {
  const views = new Set([text])
  let last = [text]
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const next = last.flatMap((view) => decoders.map((decode) => decode(view))).filter((view) => !views.has(view))
    for (const view of next) if (views.size < VIEWS_MAX) views.add(view)
    last = [...new Set(next)]
  }
  return [...views].map(squeezed)
}

const decoders: readonly ((text: string) => string)[] = [
  (text) =>
    text
      .replaceAll(/\\+u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replaceAll(/\\+[nrtbf]/g, ' ')
      .replaceAll(/\\+(["/\\])/g, '$1'),
  (text) => text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString()),
  (text) =>
    text
      .replaceAll(/&#x([0-9a-f]{1,6});?/gi, (_, hex: string) => character(Number.parseInt(hex, 16)))
      .replaceAll(/&#(\d{1,7});?/g, (_, digits: string) => character(Number(digits)))
      .replaceAll(/&(?:commat|period|amp|lowbar|plus|colon|hyphen);/g, (name) => NAMED.get(name) ?? name),
  (text) => text.replaceAll(/[A-Za-z0-9+/_-]{8,}={0,2}/g, (run) => printable(Buffer.from(run, 'base64')) ?? run),
  (text) =>
    text.replaceAll(/(?:0x)?((?:[0-9a-f]{2}){6,})/gi, (run, hex: string) => printable(Buffer.from(hex, 'hex')) ?? run),
]

const NAMED = new Map([
  ['&commat;', '@'],
  ['&period;', '.'],
  ['&amp;', '&'],
  ['&lowbar;', '_'],
  ['&plus;', '+'],
  ['&colon;', ':'],
  ['&hyphen;', '-'],
])

const character = (code: number): string => (code <= 0x10_ff_ff ? String.fromCodePoint(code) : '')

function printable(bytes: Buffer): string | undefined {
  const text = bytes.toString()
  return /^[\t\n\r\x20-\x7e\u00a0-\uffef]+$/.test(text) && !text.includes('\ufffd') ? text : undefined
}

/** Letters and digits only, lower case, in their plain forms. */
function squeezed(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/\[(?:at|dot)\]|\((?:at|dot)\)/gi, '')
    .replaceAll(/\p{Nd}/gu, asciiDigit)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** Digits of a script stand in tens that begin at its zero. */
function asciiDigit(char: string): string {
  let zero = char.codePointAt(0) ?? 0
  if (zero < 0x80) return char
  const code = zero
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String(code - zero)
}
