/**
 * Ways in which values hide in traces without anybody's intent: what programs do to text on its way. Each is mechanical and can be undone by decoders that are at
 * hand everywhere.
 */
export const encodings: Readonly<Record<string, (value: string) => string>> = {
  plain: String,
  'JSON string': (value) => escaped(value),
  'JSON string in a JSON string': (value) => escaped(escaped(value)),
  'JSON string in two others': (value) => escaped(escaped(escaped(value))),
  'all \\u': (value) => unicodeEscaped(value),
  'all \\u in a JSON string': (value) => escaped(unicodeEscaped(value)),
  '\\u of what is no letter': (value) => value.replaceAll(/[^a-z0-9]/gi, unicodeEscaped),
  'percent signs': (value) => encodeURIComponent(value),
  'percent signs twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'percent signs for all': (value) => percentEncoded(value),
  form: (value) => new URLSearchParams({ v: value }).toString().slice(2),
  'HTML references': (value) => value.replaceAll(/[^a-z0-9]/gi, (char) => `&#${char.codePointAt(0)};`),
  'HTML references in hex': (value) => value.replaceAll(/[^]/g, (char) => `&#x${char.codePointAt(0)?.toString(16)};`),
  base64: (value) => Buffer.from(value).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  'base64 of JSON': (value) => Buffer.from(JSON.stringify({ user: value, ok: true })).toString('base64'),
  'base64 twice': (value) => Buffer.from(Buffer.from(value).toString('base64')).toString('base64'),
  hex: (value) => Buffer.from(value).toString('hex'),
  'hex with 0x': (value) => `0x${Buffer.from(value).toString('hex').toUpperCase()}`,
  fullwidth: (value) =>
    value.replaceAll(/[!-~]/g, (char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfe_e0)),
  'digits of another script': (value) =>
    value.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x06_60 + Number(digit))),
  'characters without width': (value) => value.split('').join('\u200b'),
  'one character without width': (value) => inTheMiddle(value, '\u200d'),
  'soft hyphens': (value) => value.replaceAll(/(?<=[a-z0-9]{3})(?=[a-z0-9])/gi, '\u00ad'),
  'byte order mark': (value) => inTheMiddle(value, '\ufeff'),
  'no-break blanks': (value) => value.replaceAll(' ', '\u00a0'),
  'no-break blanks in JSON': (value) => value.replaceAll(' ', '\\u00a0'),
  'thin blanks': (value) => value.replaceAll(' ', '\u2009'),
  'typographic dashes': (value) => value.replaceAll('-', '–'),
  'no-break dashes': (value) => value.replaceAll('-', '‑'),
  'bold in Markdown': (value) => `**${value}**`,
  'behind Chinese': (value) => `号码${value}是`,
  'between escaped Chinese': (value) => `\\u53f7\\u7801${escaped(value)}\\u662f`,
}

const escaped = (value: string): string => JSON.stringify(value).slice(1, -1)
const unicodeEscaped = (value: string): string =>
  value.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const percentEncoded = (value: string): string =>
  [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const inTheMiddle = (value: string, char: string): string =>
  value.slice(0, value.length >> 1) + char + value.slice(value.length >> 1)
