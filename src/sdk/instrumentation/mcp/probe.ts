import { context } from '@opentelemetry/api'
import { ATTR_JSONRPC_REQUEST_ID, ATTR_RPC_RESPONSE_STATUS_CODE } from '../../../conventions.ts'
import { failSpan, guarded } from '../../fail-span.ts'
import { errorType } from '../../notices.ts'
import { observe } from '../../observe.ts'
import { fieldsOf, numberOf } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import { subjectOf } from './message-attributes.ts'
import { openOperation } from './operation.ts'
import type { OpenOperation } from './operation.ts'
import { withTraceContext } from './trace-context.ts'

/**
 * The second generation asks a server what it speaks before it has a connection: `server/discover`, sent past `Protocol` by a window on
 * the bare transport. `build` makes the message of an id; the promise is fulfilled with what came of it and never rejected.
 */
export function observeProbe(
  sdk: SdkContext,
  window: object,
  build: unknown,
  exchange: (build: unknown) => unknown,
): unknown {
  let open: OpenOperation | undefined
  guarded(sdk, 'beginning an MCP probe', () => {
    // The window has the transport where a client has it behind a getter.
    const connection = { transport: Reflect.get(window, '_transport') }
    open = openOperation(sdk, context.active(), connection, subjectOf('server/discover', undefined), undefined)
  })
  if (open === undefined || typeof build !== 'function') return exchange(build)
  const {
    operation: { span },
    within,
  } = open
  const observed = (id: unknown): unknown => {
    const message: unknown = build(id)
    span.setAttribute(ATTR_JSONRPC_REQUEST_ID, String(id))
    return withTraceContext(fieldsOf(message), within)
  }
  const end = (describe: () => void): void => {
    guarded(sdk, 'ending an MCP span', describe)
    span.end()
  }
  return observe(() => exchange(observed), within, {
    returned: (reply) =>
      end(() => {
        const { kind, error } = fieldsOf(reply)
        const code = numberOf(fieldsOf(error)['code'])
        if (code !== undefined && kind === 'response') {
          span.setAttribute(ATTR_RPC_RESPONSE_STATUS_CODE, String(code))
          failSpan(span, undefined, false, String(code))
        } else if (kind === 'send-error') failSpan(span, error, sdk.captureContent, errorType(error))
        else if (kind === 'timeout' || kind === 'closed') failSpan(span, undefined, false, kind)
      }),
    failed: (error) => end(() => failSpan(span, error, sdk.captureContent)),
  })
}
