/** Calls a method of an object of somebody else's; undefined where there is none. */
export function callMethod(target: object, name: string, ...args: unknown[]): unknown {
  const method: unknown = Reflect.get(target, name)
  return typeof method === 'function' ? Reflect.apply(method, target, args) : undefined
}

/** An error that nobody listens for would end the process. */
export function destroySocket(socket: object, error: Error): void {
  const listeners = callMethod(socket, 'listenerCount', 'error')
  if (typeof listeners === 'number' && listeners > 0) callMethod(socket, 'destroy', error)
  else callMethod(socket, 'destroy')
}
