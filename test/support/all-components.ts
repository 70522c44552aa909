import { allComponents } from '../../src/sidecar/components.ts'

/** For tests that name any of them. */
export const components = await allComponents()
