/** Who is told will not take this message, whenever it comes: others may go through. */
export class RefusedMessageError extends Error {
  override readonly name = 'RefusedMessageError'
}
