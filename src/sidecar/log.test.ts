import { expect, test } from 'vitest'
import { createLogger } from './log.ts'

function lines(encoding: 'console' | 'json', level: 'debug' | 'warn' = 'debug'): string[] {
  const written: string[] = []
  const logger = createLogger({ level, encoding }, { write: (line: string) => written.push(line) })
  logger.child({ component: 'otlp' }).info({ items: 2, reason: 'two words' }, 'a message')
  logger.error({}, 'worse')
  return written
}

test('lines for machines are JSON with the level by name', () => {
  const [first = ''] = lines('json')
  expect(JSON.parse(first)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    level: 'info',
    component: 'otlp',
    items: 2,
    reason: 'two words',
    msg: 'a message',
  })
})

test('lines for people have time, level and message first', () => {
  expect(lines('console')[0]).toMatch(/^\S+Z info {2}a message component=otlp items=2 reason="two words"\n$/)
})

test('less severe lines are left out', () => {
  expect(lines('json', 'warn')).toHaveLength(1)
})
