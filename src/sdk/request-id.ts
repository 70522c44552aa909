/**
 * Id of the next request of this process or worker thread. A receiver that has taken one in drops a copy of it: of a repetition whose first
 * answer was lost, and of what was under way when the process ended. The random part keeps others from guessing it. node:crypto is loaded then
 * only: it costs 4 ms and 2 MB, which node:http needs anyhow.
 */
export function nextRequestId(): string {
  randomPart ??= process.getBuiltinModule('node:crypto').randomUUID().replaceAll('-', '').slice(-16)
  count += 1
  return `${randomPart}-${count.toString(36)}`
}

let randomPart: string | undefined
let count = 0
