import * as z from 'zod'
import { duration } from '../../config-types.ts'

const CURVES = ['X25519MLKEM768', 'X25519', 'P256', 'P384', 'P521'] as const

const VERSIONS = ['1.2', '1.3'] as const
const version = z.enum(VERSIONS, 'it is 1.2 or 1.3; older versions are broken and not spoken here')

/** Names of Go, as in the stock collector, and OpenSSL's for them. */
const CIPHERS: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
}
/** TLS 1.3 has them whatever is listed, as in Go. */
const CIPHERS_OF_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']

export const tlsConfig = z
  .strictObject({
    cert_file: z.string().optional().describe('PEM file of the certificate chain.'),
    key_file: z.string().optional().describe('PEM file of the private key.'),
    cert_pem: z.string().optional().describe('The certificate chain itself, in place of `cert_file`.'),
    key_pem: z.string().optional().describe('The private key itself, in place of `key_file`.'),
    client_ca_file: z.string().optional().describe('PEM file: clients must show a certificate of this authority.'),
    client_ca_file_reload: z
      .boolean()
      .default(true)
      .describe('`client_ca_file` is looked at again like the others; false reads it once.'),
    min_version: version.default('1.2').describe('Oldest TLS version to speak.'),
    max_version: version.optional().describe('Newest TLS version to speak.'),
    cipher_suites: z
      .array(z.string().refine((name) => CIPHERS[name] !== undefined, 'no such suite; names are as in Go'))
      .default([])
      .describe('Suites for TLS 1.2, by the names of Go; those of Node.js by default. TLS 1.3 always has its own.'),
    curve_preferences: z
      .array(z.enum(CURVES))
      .default([])
      .describe('Curves for the exchange of keys, the best first; those of Node.js by default.'),
    reload_interval: duration
      .prefault('1m')
      .describe('How often the files are looked at; changed ones are used for new connections. 0 reads them once.'),
  })
  .refine((tls) => (tls.cert_file === undefined) !== (tls.cert_pem === undefined), {
    error: 'give either cert_file or cert_pem',
    path: ['cert_file'],
  })
  .refine((tls) => (tls.key_file === undefined) !== (tls.key_pem === undefined), {
    error: 'give either key_file or key_pem',
    path: ['key_file'],
  })
  .refine((tls) => tls.max_version !== '1.2' || tls.min_version === '1.2', {
    error: 'it is older than min_version',
    path: ['max_version'],
  })
  .nullish()
  .describe('TLS of the listener; none by default.')
export type ListenerTlsConfig = NonNullable<z.output<typeof tlsConfig>>

/** As `ciphers` of node:tls; undefined for its own choice. */
export function ciphersOf({ cipher_suites }: ListenerTlsConfig): string | undefined {
  if (cipher_suites.length === 0) return undefined
  return [...new Set([...CIPHERS_OF_1_3, ...cipher_suites.map((name) => CIPHERS[name] ?? name)])].join(':')
}

/** As `ecdhCurve` of node:tls. */
export function curvesOf({ curve_preferences }: ListenerTlsConfig): string | undefined {
  if (curve_preferences.length === 0) return undefined
  return curve_preferences.map((name) => name.replace(/^P(?=\d)/, 'P-')).join(':')
}
