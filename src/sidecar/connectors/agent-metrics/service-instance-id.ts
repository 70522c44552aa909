import { createHash } from 'node:crypto'

/**
 * `service.instance.id` of what a sidecar derives for one version of a service in one environment. It must differ between them: Prometheus
 * knows series by `job` and `instance`, so a version that is rolled back would else stand behind the last values of the other.
 */
export const serviceInstanceId = (sidecarId: string, version: string, environment: string): string =>
  version === '' && environment === ''
    ? sidecarId
    : createHash('sha256').update([sidecarId, version, environment].join('\0')).digest('hex').slice(0, ID_DIGITS)

/** As many as the id of the sidecar itself has. */
const ID_DIGITS = 32
