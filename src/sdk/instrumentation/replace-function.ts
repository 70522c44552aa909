type Call = (...args: unknown[]) => unknown

/**
 * Replaces a function that the file declares, for its callers in the file and for importers. The replacement keeps its name and length.
 * Throws when the file has no such function.
 */
export function replaceFunction(
  bindings: Record<string, unknown>,
  name: string,
  replace: (original: Call) => (args: readonly unknown[]) => unknown,
): void {
  const original = bindings[name]
  if (typeof original !== 'function') throw new TypeError(`no function ${name}`)
  const replaced = replace((...args) => Reflect.apply(original, undefined, args))
  const { [name]: replacement } = { [name]: (...args: unknown[]): unknown => replaced(args) }
  // Where a minifier has been, the function's own name is another one.
  Object.defineProperty(replacement, 'name', { value: original.name, configurable: true })
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true })
  bindings[name] = replacement
  // What TypeScript compiles to CommonJS calls across files through the exports.
  const exported = bindings['exports']
  if (typeof exported === 'object' && exported !== null && Reflect.get(exported, name) === original) {
    Reflect.set(exported, name, replacement)
  }
}
