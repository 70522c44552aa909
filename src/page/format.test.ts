import { expect, test } from 'vitest'
import { ago, bytes, count, duration, percent, usd } from './format.ts'

test.each([
  [0.4, '400 µs'],
  [7.25, '7.3 ms'],
  [830, '830 ms'],
  [3214, '3.21 s'],
  [24_400, '24.4 s'],
  [59_960, '1 min 00 s'],
  [123_000, '2 min 03 s'],
  [3_725_000, '1 h 02 min'],
])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text))

test.each([
  [0, '$0.00'],
  [0.000_000_36, '< $0.0001'],
  [0.000_42, '$0.00042'],
  [0.0042, '$0.0042'],
  [0.138, '$0.14'],
  [12.4, '$12.40'],
  [1234.5, '$1,235'],
])('%d dollars are %s', (amount, text) => expect(usd(amount)).toBe(text))

test.each([
  [0, '0 %'],
  [0.0004, '0.04 %'],
  [0.021, '2.1 %'],
  [0.5, '50 %'],
])('%d is %s', (ratio, text) => expect(percent(ratio)).toBe(text))

test('large numbers, times and sizes', () => {
  expect([count(12_345), count(2_340_000), count(5e9)]).toEqual(['12,345', '2.34 M', '5.00 G'])
  expect([ago(0, 2000), ago(0, 42_000), ago(0, 7_300_000)]).toEqual(['now', '42 s ago', '2 h ago'])
  expect([bytes(73_728), bytes(5e8), bytes(3e9)]).toEqual(['72 KiB', '477 MiB', '2.8 GiB'])
})
