/** A copy of bytes, which their owner may change while a call waits; what is not bytes is as it is. */
export const ownBytes = <Body>(body: Body): Body | Uint8Array<ArrayBuffer> =>
  body instanceof Uint8Array ? new Uint8Array(body) : body
