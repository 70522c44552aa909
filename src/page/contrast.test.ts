import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** WCAG 2.2, 1.4.3: text needs a contrast of 4.5 to 1 against what is behind it. */
const CONTRAST_MIN = 4.5

const css = readFileSync(new URL('page.css', import.meta.url), 'utf8')
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)').map((part) => part.split('}')[0] ?? '')

describe.each([
  { scheme: 'light', text: light },
  { scheme: 'dark', text: light + dark },
])('$scheme', ({ text }) => {
  const colors = new Map(
    [...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6,8});/g)].map(([, name = '', hex = '']) => [name, hex]),
  )
  const color = (name: string): string => colors.get(name) ?? ''

  test.each(['back', 'card', 'hover', 'selected'])('text on %s', (behind) => {
    for (const name of ['text', 'muted', 'red'])
      expect(contrast(color(name), color(behind))).toBeGreaterThan(CONTRAST_MIN)
  })
  test('marks, badges, roles and states', () => {
    expect(contrast(color('mark'), color('mark-wash'))).toBeGreaterThan(CONTRAST_MIN)
    expect(contrast(color('card'), color('red'))).toBeGreaterThan(CONTRAST_MIN)
    for (const name of ['accent', 'violet', 'teal', 'green', 'amber']) {
      expect(contrast(color(name), color('card'))).toBeGreaterThan(CONTRAST_MIN)
    }
    const wash = over(color('accent-wash'), color('card'))
    expect(contrast(color('accent'), wash)).toBeGreaterThan(CONTRAST_MIN)
    expect(contrast(color('red'), over(color('red-wash'), color('card')))).toBeGreaterThan(CONTRAST_MIN)
  })
})

const channels = (hex: string): number[] => (hex.slice(1).match(/../g) ?? []).map((part) => Number.parseInt(part, 16))

function over(above: string, below: string): string {
  const [r = 0, g = 0, b = 0, alpha = 255] = channels(above)
  const mixed = channels(below).map((value, i) => {
    const top = [r, g, b][i] ?? 0
    return Math.round((top * alpha + value * (255 - alpha)) / 255)
  })
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = channels(hex).map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
