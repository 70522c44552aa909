import type { ModulePatch } from './instrumentation.ts'

/** The same patch, for `instrument()` as well: the one name that it takes stands at this place, or the first that there is, of what an agent imports. */
export const exportedAt = (place: string | readonly string[], patch: ModulePatch): ModulePatch => ({
  ...patch,
  exported: Object.fromEntries(patch.names.map((name) => [name, place])),
})
