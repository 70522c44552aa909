/** How a value changes on its way to its new name. */
export type Conversion =
  | 'input'
  | 'output'
  | 'answer'
  | 'definitions'
  | 'documents'
  | 'milliseconds'
  | 'uncached'
  | 'parameters'
  | 'usage'

/** As in conventions/. */
export type TargetType = 'string' | 'int' | 'double' | 'boolean' | 'string[]' | 'any'

/** Names of one library, and what they are called today. */
export interface Dialect {
  readonly id: string
  /** Names that only tell the dialect. */
  readonly markers: readonly string[]
  /** The first that is on a span and can be read wins. */
  readonly attributes: readonly {
    readonly from: string
    readonly to: string
    /** Operations of today that the span must have one of; none: whatever it is. */
    readonly when: readonly string[]
    readonly as?: Conversion
    /** It counts only where this name is on the span, too. */
    readonly beside?: string
  }[]
  /** One attribute for each message, part, tool or document, numbered: `llm.input_messages.0.message.role`. */
  readonly families: readonly {
    readonly prefix: string
    readonly to: string
    readonly as: Conversion
    /** Segments that only say what the next ones belong to. */
    readonly without: readonly string[]
  }[]
  /** Per attribute of today: value of the dialect → value of today. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
}
