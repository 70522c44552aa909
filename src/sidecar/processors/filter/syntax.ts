/** A condition of OTTL as a tree. `at` is the offset of a part in its text. */
export type Condition =
  | { readonly kind: 'and'; readonly parts: readonly Condition[] }
  | { readonly kind: 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'compare'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'true'; readonly call: Call }

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Expression =
  | {
      readonly kind: 'literal'
      readonly value: undefined | string | boolean | bigint | number | Buffer
      readonly at: number
    }
  | { readonly kind: 'enum'; readonly name: string; readonly at: number }
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly at: number }
  | {
      readonly kind: 'math'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
      readonly at: number
    }
  | Path
  | Call

export interface Path {
  readonly kind: 'path'
  readonly segments: readonly Segment[]
  readonly at: number
}
export interface Segment {
  readonly name: string
  /** Keys of maps, indexes of lists. */
  readonly keys: readonly (string | number)[]
}
export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly parameters: readonly Expression[]
  readonly at: number
}
