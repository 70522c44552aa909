/*
 * `<state>/guard.json`: the sidecar says in it that limits are configured, before it listens, and takes it away when they are not any more. An agent that finds it is guarded, and
 * denied when no sidecar answers. Without it, and without SPANWARDEN_GUARD, nothing is limited; an agent that runs already looks for it, and is guarded from when it is there.
 */

/** In the state folder. */
export const GUARD_MARKER_FILE = 'guard.json'
/** In the state folder: where the sidecar's guard listens. */
export const CONTROL_SOCKET = 'control.sock'
/** Bytes of the marker. */
export const GUARD_MARKER_BYTES_MAX = 4_096

export interface GuardMarker {
  readonly mode: 'enforce' | 'shadow'
}

export const guardMarkerText = ({ mode }: GuardMarker): string => `${JSON.stringify({ version: 1, mode })}\n`

/** A marker that can't be understood still says that there are limits. */
export function parseGuardMarker(text: string): GuardMarker {
  try {
    const marker: unknown = JSON.parse(text)
    const isShadow = typeof marker === 'object' && marker !== null && Reflect.get(marker, 'mode') === 'shadow'
    return { mode: isShadow ? 'shadow' : 'enforce' }
  } catch {
    return { mode: 'enforce' }
  }
}
