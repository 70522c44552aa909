import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  /** File with the certificate, for a client that is to trust it. */
  readonly caFile: string
  readonly keyFile: string
}

/** A fresh self-signed certificate for localhost, made by the openssl command. */
export function certificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-tls-'))
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  execFileSync('openssl', ['req', '-x509', '-days', '1', ...key, '-out', caFile, ...subject], { stdio: 'ignore' })
  return { cert: readFileSync(caFile), key: readFileSync(keyFile), caFile, keyFile }
}
