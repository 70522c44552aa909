import { ConditionError } from './condition-error.ts'
import type { Condition, Expression, Operator, Segment } from './syntax.ts'
import { tokensOf } from './tokens.ts'
import type { Token } from './tokens.ts'

export const CONDITION_DEPTH_MAX = 50

const OPERATORS = new Set<string>(['==', '!=', '<', '<=', '>', '>='])
const isOperator = (text: string): text is Operator => OPERATORS.has(text)

/** Reads a condition in OTTL: comparisons and functions, joined by `and`, `or`, `not` and parentheses. Throws ConditionError. */
export function parseCondition(text: string): Condition {
  const parser = new Parser(tokensOf(text))
  const condition = parser.condition()
  parser.end()
  return condition
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  condition(): Condition {
    return this.#deeper(() => this.#joined('or', () => this.#joined('and', () => this.#single())))
  }

  end(): void {
    const token = this.#peek()
    if (token.kind === 'name' && token.text === 'where') {
      throw new ConditionError('a condition has no where: what stands behind it is the condition', token.at)
    }
    if (token.kind !== 'end') throw expected('and, or, or the end', token)
  }

  #joined(kind: 'and' | 'or', part: () => Condition): Condition {
    const first = part()
    const parts = [first]
    while (this.#skip('name', kind)) parts.push(part())
    return parts.length === 1 ? first : { kind, parts }
  }

  #single(): Condition {
    if (this.#skip('name', 'not')) return this.#deeper(() => ({ kind: 'not', condition: this.#single() }))
    if (this.#peek().text !== '(' || this.#peek().kind !== 'sign' || this.#isMath(this.#at)) return this.#comparison()
    this.#at++
    const condition = this.condition()
    this.#expect(')')
    return condition
  }

  /** Whether the parentheses that begin at `start` end before a sign of arithmetic or comparison: they hold a part of a sum. */
  #isMath(start: number): boolean {
    let open = 0
    for (let i = start; i < this.#tokens.length; i++) {
      const { kind, text } = this.#token(i)
      if (kind === 'sign' && text === '(') open++
      if (kind === 'sign' && text === ')' && --open === 0) {
        const next = this.#token(i + 1)
        return next.kind === 'sign' && next.text !== ')'
      }
    }
    return false
  }

  #comparison(): Condition {
    const left = this.#sum()
    const { kind, text, at } = this.#peek()
    if (kind === 'sign' && isOperator(text)) {
      this.#at++
      return { kind: 'compare', operator: text, left, right: this.#sum() }
    }
    if (kind === 'sign' && text === '=') throw new ConditionError('write == to compare', at)
    if (left.kind === 'call') return { kind: 'true', call: left }
    if (left.kind === 'literal' && typeof left.value === 'boolean') return { kind: 'constant', value: left.value }
    if (left.kind === 'path') throw new ConditionError('a path has to be compared, as in == true', left.at)
    throw expected('a comparison such as ==', this.#peek())
  }

  #sum(): Expression {
    return this.#deeper(() => this.#math('+-', () => this.#math('*/', () => this.#value())))
  }

  #math(signs: string, part: () => Expression): Expression {
    let left = part()
    for (;;) {
      const { kind, text, at } = this.#peek()
      if (kind !== 'sign' || !signs.includes(text)) return left
      this.#at++
      left = { kind: 'math', operator: text, left, right: part(), at }
    }
  }

  #value(): Expression {
    const token = this.#next()
    const { kind, text, at } = token
    if (kind === 'string') return { kind: 'literal', value: text, at }
    if (kind === 'int') return { kind: 'literal', value: BigInt(text), at }
    if (kind === 'double') return { kind: 'literal', value: Number(text), at }
    if (kind === 'bytes') return { kind: 'literal', value: Buffer.from(text, 'hex'), at }
    if (kind === 'name') return this.#named(token)
    if (text === '-') return this.#negative(at)
    if (text === '[') return { kind: 'list', items: this.#list(']'), at }
    if (text !== '(') throw expected('a value', token)
    const inner = this.#sum()
    this.#expect(')')
    return inner
  }

  #negative(at: number): Expression {
    const { kind, text } = this.#peek()
    if (kind !== 'int' && kind !== 'double') throw expected('a number', this.#peek())
    this.#at++
    return { kind: 'literal', value: kind === 'int' ? -BigInt(text) : -Number(text), at }
  }

  #named({ text, at }: Token): Expression {
    if (text === 'nil') return { kind: 'literal', value: undefined, at }
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', at }
    if (this.#skip('sign', '(')) return { kind: 'call', name: text, parameters: this.#list(')'), at }
    if (/^[A-Z]/.test(text)) return { kind: 'enum', name: text, at }
    const segments: Segment[] = [{ name: text, keys: this.#keys() }]
    while (this.#skip('sign', '.')) {
      const token = this.#next()
      if (token.kind !== 'name') throw expected('a name', token)
      segments.push({ name: token.text, keys: this.#keys() })
    }
    return { kind: 'path', segments, at }
  }

  #keys(): (string | number)[] {
    const keys: (string | number)[] = []
    while (this.#skip('sign', '[')) {
      const token = this.#next()
      if (token.kind === 'string') keys.push(token.text)
      else if (token.kind === 'int') keys.push(Number(token.text))
      else throw expected('a key in double quotes or an index', token)
      this.#expect(']')
    }
    return keys
  }

  #list(end: string): Expression[] {
    const items: Expression[] = []
    if (this.#skip('sign', end)) return items
    do items.push(this.#sum())
    while (this.#skip('sign', ','))
    this.#expect(end)
    return items
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > CONDITION_DEPTH_MAX) {
      throw new ConditionError(`nested deeper than ${CONDITION_DEPTH_MAX}`, this.#peek().at)
    }
    const result = read()
    this.#depth--
    return result
  }

  #expect(sign: string): void {
    if (!this.#skip('sign', sign)) throw expected(sign, this.#peek())
  }

  #skip(kind: Token['kind'], text: string): boolean {
    const token = this.#peek()
    const isIt = token.kind === kind && token.text === text
    if (isIt) this.#at++
    return isIt
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  #peek(): Token {
    return this.#token(this.#at)
  }

  #token(i: number): Token {
    return this.#tokens[Math.min(i, this.#tokens.length - 1)] ?? { kind: 'end', text: '', at: 0 }
  }
}

function expected(what: string, { kind, text, at }: Token): ConditionError {
  return new ConditionError(`${what} is expected, not ${kind === 'end' ? 'the end' : JSON.stringify(text)}`, at)
}
