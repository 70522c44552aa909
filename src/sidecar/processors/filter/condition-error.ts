/** What is wrong with a condition, and where: columns begin with 1. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError'
  readonly column: number

  constructor(message: string, at: number) {
    super(`column ${at + 1}: ${message}`)
    this.column = at + 1
  }
}
