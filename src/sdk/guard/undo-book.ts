import { ROOT_CONTEXT, context } from '@opentelemetry/api'
import { RECIPE_CHARACTERS_MAX } from '../../control/undo-messages.ts'
import { withAmbient } from '../context.ts'
import { errorType } from '../notices.ts'
import { roughBytes } from './rough-bytes.ts'
import type { Remembered, Remembers, Recipe, Undo, Undone } from '../../control/undo-messages.ts'
import type { ToolUndo, UndoFunction } from '../runtime.ts'

/** Calls that can be taken back; of more, the oldest are forgotten. */
export const UNDO_CALLS_MAX = 1_000
/** Bytes of their arguments and results, about. */
export const UNDO_BYTES_MAX = 8 * 1024 * 1024
/** Of one call; a larger one is not remembered. */
export const UNDO_CALL_BYTES_MAX = 1024 * 1024
/** Tools whose recipes are told. */
const RECIPES_MAX = 200

interface DoneCall {
  readonly bytes: number
  /** Undefined when it was taken back: what it held is not kept for longer. */
  undo: (() => unknown) | undefined
  state: 'done' | 'running' | 'undone'
}

export interface UndoBookOptions {
  readonly tell: (message: Remembered | Undone | Recipe) => void
}

/**
 * The calls that tools of this process can take back, with the arguments and results that it takes: they are here only, and end with the process. A call is taken back once,
 * whoever asks. What an undo calls is let through by the guard, stopped or not: a person has confirmed this very step.
 */
export class UndoBook {
  readonly #options: UndoBookOptions
  readonly #calls = new Map<string, DoneCall>()
  readonly #told = new Set<string>()
  #bytes = 0
  #forgotten = 0

  constructor(options: UndoBookOptions) {
    this.#options = options
  }

  /** Tells, once, how calls of the tool are taken back by hand. */
  recipe(tool: string, undo: ToolUndo): void {
    const recipe = typeof undo === 'function' ? undefined : undo.recipe
    if (typeof recipe !== 'string' || this.#told.has(tool) || this.#told.size >= RECIPES_MAX) return
    this.#told.add(tool)
    this.#options.tell({ type: 'recipe', tool: tool.slice(0, 256), recipe: recipe.slice(0, RECIPE_CHARACTERS_MAX) })
  }

  /** A call has returned. `id` is that of its lines in the audit log. */
  remember(id: string, undo: ToolUndo, args: readonly unknown[], result: unknown): void {
    const work = functionOf(undo)
    if (work === undefined) return
    const bytes = roughBytes([args, result], UNDO_CALL_BYTES_MAX)
    if (bytes > UNDO_CALL_BYTES_MAX) return void (this.#forgotten += 1)
    this.#calls.set(id, { bytes, undo: () => work({ arguments: args, result }), state: 'done' })
    this.#bytes += bytes
    for (const [oldest, call] of this.#calls) {
      if (this.#calls.size <= UNDO_CALLS_MAX && this.#bytes <= UNDO_BYTES_MAX) return
      this.#calls.delete(oldest)
      if (call.undo !== undefined) this.#bytes -= call.bytes
      if (call.state === 'done') this.#forgotten += 1
    }
  }

  look({ id, calls }: Remembers): void {
    const known = calls.filter((call) => this.#calls.get(call)?.state === 'done')
    this.#options.tell({ type: 'remembered', id, calls: known, forgotten: this.#forgotten })
  }

  async undo({ id, call }: Undo): Promise<void> {
    this.#options.tell({ type: 'undone', id, call, ...(await this.#undo(call)) })
  }

  async #undo(id: string): Promise<Pick<Undone, 'result' | 'error'>> {
    const call = this.#calls.get(id)
    if (call === undefined) return { result: 'not_remembered' }
    if (call.state === 'running') return { result: 'running' }
    const { undo } = call
    if (call.state === 'undone' || undo === undefined) return { result: 'undone_before' }
    call.state = 'running'
    try {
      await context.with(withAmbient(ROOT_CONTEXT, { isRollback: true }), undo)
    } catch (error) {
      // It may be asked for again: nobody knows what of it was done.
      call.state = 'done'
      return { result: 'failed', error: errorType(error) }
    }
    call.state = 'undone'
    call.undo = undefined
    if (this.#calls.has(id)) this.#bytes -= call.bytes
    return { result: 'ok' }
  }
}

const functionOf = (undo: ToolUndo): UndoFunction | undefined => (typeof undo === 'function' ? undo : undo.run)
