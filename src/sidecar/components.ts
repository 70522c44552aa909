import type { ComponentDefinition } from './component.ts'
import { otlp } from './receivers/otlp.ts'

/** Every component that a configuration can name. A new one is a file and a line here. */
export const components: readonly ComponentDefinition[] = [otlp]
