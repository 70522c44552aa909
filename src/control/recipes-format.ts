import { fields, mapOf, sentence } from './message-fields.ts'

/** In the state folder. */
export const RECIPES_FILE = 'recipes.json'
/** Tools of either kind. */
export const RECIPES_MAX = 500

/** How calls of tools are taken back by hand, by name of the tool. */
export interface Recipes {
  /** By the sidecar's configuration, which comes first. */
  readonly configured: Readonly<Record<string, string>>
  /** By the code of agents. */
  readonly told: Readonly<Record<string, string>>
}

const recipes = fields<Recipes>({ configured: mapOf(sentence, RECIPES_MAX), told: mapOf(sentence, RECIPES_MAX) })

/** Throws for what is no such file. */
export const parseRecipes = (text: string): Recipes => recipes(JSON.parse(text), '')

export const recipeOf = ({ configured, told }: Recipes, tool: string): string | undefined =>
  [configured, told].find((all) => Object.hasOwn(all, tool))?.[tool]
