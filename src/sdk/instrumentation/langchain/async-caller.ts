import { context } from '@opentelemetry/api'
import { fieldsOf } from '../fields.ts'
import { gate } from './gate.ts'

/**
 * A limit on calls at a time (`maxConcurrency`) makes LangChain run a waiting call when another one ends, inside that other call's async
 * context: its spans would land in the wrong place. Waiting calls take their own context along.
 */
export function keepContext(base: object): void {
  // Of `callWithOptions(options, callable, ...)` and `call(callable, ...)`.
  for (const [method, position] of [
    ['call', 0],
    ['callWithOptions', 1],
  ] as const) {
    gate(base, method, (self, args, proceed) => {
      const callable = args[position]
      if (fieldsOf(self)['maxConcurrency'] === Infinity || typeof callable !== 'function') return proceed()
      return proceed(args.with(position, context.bind(context.active(), callable)))
    })
  }
}
