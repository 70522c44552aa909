import { accessSync, constants, statSync } from 'node:fs'

/** What now, for a sidecar that can't start: behind the message. Empty when that says enough. `uid`: of this process. */
export function startAdvice(message: string, stateFolder: string, uid = process.getuid?.()): string {
  if (message.includes('EADDRINUSE'))
    return '; does another sidecar run? If so use that, or give this one other endpoints (SPANWARDEN_HTTP_ENDPOINT, SPANWARDEN_OTLP_HTTP_ENDPOINT, …)'
  if (!/\b(EACCES|EPERM|EROFS)\b/.test(message) || isWritable(stateFolder)) return ''
  if (message.includes('EROFS'))
    return `; the state folder ${stateFolder} is read-only: mount a volume there, or set SPANWARDEN_STATE_DIR to a folder that can be written`
  return `; the state folder ${stateFolder} ${ownerOf(stateFolder)}can't be written by uid ${uid}: give it to that user (chown ${uid}; in Kubernetes fsGroup of the pod), run as its owner, or set SPANWARDEN_STATE_DIR to a folder of its own`
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function ownerOf(folder: string): string {
  try {
    return `belongs to uid ${statSync(folder).uid} and `
  } catch {
    return ''
  }
}
