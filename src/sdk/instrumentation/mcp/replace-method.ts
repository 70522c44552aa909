/**
 * Replaces a method on the prototype that owns it, once, looking it up from `holder`'s own prototype upwards. The replacement has the
 * name and the length of the original. Throws when there is no such method.
 */
export function replaceMethod(
  holder: unknown,
  name: string,
  replacement: (original: (args: unknown[]) => unknown, self: object, args: unknown[]) => unknown,
): void {
  const owner = ownerOf(holder, name)
  const method: unknown = owner === undefined ? undefined : Reflect.get(owner, name)
  if (owner === undefined || typeof method !== 'function') throw new TypeError(`no method ${name}`)
  if (replaced.has(method)) return
  const value = new Proxy(method, {
    apply(original, self, args) {
      const call = (changed: unknown[]): unknown => Reflect.apply(original, self, changed)
      return typeof self === 'object' && self !== null ? replacement(call, self, args) : call(args)
    },
  })
  replaced.add(value)
  Reflect.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable: false })
}

/** Whether the class has the method, itself or from a base class. */
export const hasMethod = (holder: unknown, name: string): boolean => ownerOf(holder, name) !== undefined

const replaced = new WeakSet<object>()

function ownerOf(holder: unknown, name: string): object | undefined {
  let prototype: unknown = typeof holder === 'function' ? holder.prototype : undefined
  while (typeof prototype === 'object' && prototype !== null) {
    if (Object.hasOwn(prototype, name)) return prototype
    prototype = Reflect.getPrototypeOf(prototype)
  }
  return undefined
}
