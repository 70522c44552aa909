import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import * as z from 'zod'

/** TLS towards a backend, with the key names of the stock collector. */
export const clientTlsConfig = z
  .strictObject({
    insecure: z.boolean().default(false).describe('Plain text. Only for gRPC: an HTTP endpoint says it by its scheme.'),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe('Takes any certificate: whoever is in between can read along.'),
    server_name_override: z.string().optional().describe('Name that the certificate must have, instead of the host.'),
    ca_file: z.string().optional().describe('Certificates (PEM) to trust instead of the built-in ones.'),
    cert_file: z.string().optional().describe('Certificate (PEM) that the sidecar shows, with `key_file`.'),
    key_file: z.string().optional().describe('Private key (PEM) of `cert_file`.'),
    min_version: z.enum(['1.2', '1.3']).default('1.2').describe('Lowest version of TLS.'),
  })
  .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), 'cert_file and key_file go together')
  .prefault({})
export type ClientTlsConfig = z.output<typeof clientTlsConfig>

/** Reads the files. Throws with the name of the one that cannot be read. */
export async function readClientTls(tls: ClientTlsConfig): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([tls.ca_file, tls.cert_file, tls.key_file].map(readPem))
  return {
    rejectUnauthorized: !tls.insecure_skip_verify,
    minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(tls.server_name_override === undefined ? {} : { servername: tls.server_name_override }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

async function readPem(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path)
  } catch (cause) {
    throw new Error(`tls: cannot read ${path}`, { cause })
  }
}
