import { readFileSync } from 'node:fs'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { HttpConfig } from './http-config.ts'

/** Options of a TLS listener; undefined for plain text. Throws when a file can't be read. */
export function tlsOptions({ tls }: Pick<HttpConfig, 'tls'>): (TlsOptions & SecureContextOptions) | undefined {
  if (tls === null || tls === undefined) return undefined
  const { cert_file, key_file, client_ca_file, min_version } = tls
  return {
    cert: readFileSync(cert_file),
    key: readFileSync(key_file),
    minVersion: min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(client_ca_file === undefined
      ? {}
      : { ca: readFileSync(client_ca_file), requestCert: true, rejectUnauthorized: true }),
  }
}
