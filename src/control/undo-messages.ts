import { count, fields, id, label, listOf, oneOf, optional, sentence, word } from './message-fields.ts'

/*
 * How a person's rollback reaches the function that takes a call back: it is in the agent's process, with the call's arguments and result, which never leave it.
 */

/** Calls that can be asked for in one message. */
export const REMEMBERS_CALLS_MAX = 200
/** Characters of a recipe. */
export const RECIPE_CHARACTERS_MAX = 1000

/** From the sidecar: which of these calls can still be taken back? */
export interface Remembers {
  readonly type: 'remembers'
  readonly id: string
  readonly calls: readonly string[]
}
export interface Remembered {
  readonly type: 'remembered'
  readonly id: string
  readonly calls: readonly string[]
  /** Calls with an undo that the process does not remember any more, or never could: there were too many, or they were too large. */
  readonly forgotten: number
}

/** From the sidecar: take this call back. A person has confirmed it. */
export interface Undo {
  readonly type: 'undo'
  readonly id: string
  readonly call: string
}
/** Needs no answer: told again over a new connection until it is known to have arrived. */
export interface Undone {
  readonly type: 'undone'
  readonly id: string
  readonly call: string
  readonly result: UndoResult
  /** Class of the error, where it failed. */
  readonly error?: string
}
/** `undone_before`: it was taken back already, nothing was done now. `running`: asked for before, and not at its end. `failed`: the function threw. */
export type UndoResult = 'ok' | 'failed' | 'undone_before' | 'running' | 'not_remembered'

/** How calls of a tool are taken back by hand, as its code says. A text of the developer's, the same for all calls. */
export interface Recipe {
  readonly type: 'recipe'
  readonly tool: string
  readonly recipe: string
}

const calls = listOf(id, REMEMBERS_CALLS_MAX)

export const remembers = fields<Remembers>({ type: word('remembers'), id, calls })
export const remembered = fields<Remembered>({ type: word('remembered'), id, calls, forgotten: count })
export const undo = fields<Undo>({ type: word('undo'), id, call: id })
export const undone = fields<Undone>({
  type: word('undone'),
  id,
  call: id,
  result: oneOf<UndoResult>(['ok', 'failed', 'undone_before', 'running', 'not_remembered']),
  error: optional(label),
})
export const recipe = fields<Recipe>({ type: word('recipe'), tool: label, recipe: sentence })
