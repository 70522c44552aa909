import { isFields } from '../fields.ts'

/** What a gate does around a method: `proceed` calls the library's own one with the arguments as they came, or with others. */
export type Around = (
  self: unknown,
  args: readonly unknown[],
  proceed: (replaced?: readonly unknown[]) => unknown,
) => unknown

/** Replaces a method of this one object, a prototype as a rule. Name, length and flags stay; a method is replaced once. */
export function gate(owner: object, method: string, around: Around): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner, method)
  const original: unknown = descriptor?.value
  if (descriptor === undefined || typeof original !== 'function') throw new TypeError(`no method ${method}`)
  if (gates.has(original)) return
  const replacement = {
    [method](this: unknown, ...args: unknown[]): unknown {
      return around(this, args, (replaced = args) => Reflect.apply(original, this, replaced))
    },
  }[method]
  if (replacement === undefined) return
  gates.add(replacement)
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true })
  Object.defineProperty(owner, method, { ...descriptor, value: replacement })
}

const gates = new WeakSet<object>()

/** The prototype of a class of the library. Throws when the name is not a class: the library's shape is then not the expected one. */
export function prototypeOf(bindings: Readonly<Record<string, unknown>>, name: string): object {
  const bound = bindings[name]
  const prototype: unknown = typeof bound === 'function' ? bound.prototype : undefined
  if (!isFields(prototype)) throw new TypeError(`no class ${name}`)
  return prototype
}

/** The object of the prototype chain of `self`, below `base`, that has the method; undefined when only `base` has it. */
export function ownerOf(self: object, method: string, base: object): object | undefined {
  for (let owner: unknown = self; isFields(owner) && owner !== base; owner = Object.getPrototypeOf(owner)) {
    if (Object.hasOwn(owner, method)) return owner
  }
  return undefined
}
