/** Keys of one bank. The braces put them into one slot of a cluster, so that one script may change several. */
export const bankKeys = (prefix: string) => {
  const root = `{${prefix}}:`
  return {
    bank: `${root}bank`,
    nodes: `${root}nodes`,
    awaited: `${root}awaited`,
    kill: `${root}kill`,
    /** What each sidecar says of stops. */
    said: `${root}said`,
    /** Channel: `kill`, `want <account>`, `room <account>`. */
    news: `${root}news`,
    account: (key: string) => `${root}account:${key}`,
    rate: (key: string) => `${root}rate:${key}`,
    call: (id: string) => `${root}call:${id}`,
  } as const
}

export type BankKeys = ReturnType<typeof bankKeys>
