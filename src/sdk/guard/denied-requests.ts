/** Requests that were denied before anybody else had heard of them, with the error that says why. */
export const deniedRequests = new WeakMap<object, Error>()
