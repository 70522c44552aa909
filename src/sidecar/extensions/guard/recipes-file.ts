import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRecipes, RECIPES_FILE, RECIPES_MAX } from '../../../control/recipes-format.ts'
import type { Recipes } from '../../../control/recipes-format.ts'
import type { ComponentContext } from '../../component.ts'

/** How calls are taken back by hand, by tool, in the state folder: `spanwarden rollback` reads it, with or without a sidecar, when the agent is long gone. */
export class RecipesFile {
  readonly #path: string
  readonly #logger: ComponentContext['logger']
  /** As agents have told, and as the configuration has it: that comes first. */
  #recipes: Recipes

  constructor({ stateFolder, logger }: Pick<ComponentContext, 'stateFolder' | 'logger'>) {
    this.#path = join(stateFolder, RECIPES_FILE)
    this.#logger = logger
    this.#recipes = readIn(this.#path)
  }

  set configured(configured: Readonly<Record<string, string>>) {
    this.#change({ ...this.#recipes, configured })
  }

  told(tool: string, recipe: string): void {
    const { told } = this.#recipes
    const isNew = !Object.hasOwn(told, tool)
    if (isNew && Object.keys(told).length >= RECIPES_MAX) return
    this.#change({ ...this.#recipes, told: { ...told, [tool]: recipe } })
  }

  #change(recipes: Recipes): void {
    if (JSON.stringify(recipes) === JSON.stringify(this.#recipes)) return
    this.#recipes = recipes
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(recipes), { mode: 0o600 })
      renameSync(`${this.#path}.new`, this.#path)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : 'error'
      this.#logger.warn(
        { code },
        'recipes for rolling calls back could not be written: rollback does not know them later',
      )
    }
  }
}

function readIn(path: string): Recipes {
  try {
    return parseRecipes(readFileSync(path, 'utf8'))
  } catch {
    return { configured: {}, told: {} }
  }
}
