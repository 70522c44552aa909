import type { ServiceName } from '../../component.ts'

/** Which spool this sidecar reads, while it does: answers say so, and agents whose spool it is need not wait for answers at their end. */
export interface ReadSpool {
  id: string | undefined
}

export const readSpool: ServiceName<ReadSpool> = {
  name: 'read_spool',
  create: () => ({ id: undefined, close() {} }),
}
