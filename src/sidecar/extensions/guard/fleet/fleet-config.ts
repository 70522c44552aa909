import * as z from 'zod'
import { SLICE_SHARE_DEFAULT } from '../../../../ledger/fleet/fleet-account.ts'
import type { Scope } from '../../../../ledger/budget.ts'
import { duration } from '../../../config-types.ts'

const SENTINEL =
  'Sentinel is not spoken: name an address that leads to the primary (a proxy that asks for role:master, a virtual address, a managed endpoint)'

const tls = z.strictObject({
  ca_file: z.string().optional().describe('Certificates (PEM) to trust instead of the built-in ones.'),
  cert_file: z.string().optional().describe('Certificate (PEM) that the sidecar shows, with `key_file`.'),
  key_file: z.string().optional().describe('Private key (PEM) of `cert_file`.'),
  server_name_override: z.string().optional().describe('Name that the certificate must have, instead of the host.'),
  insecure_skip_verify: z
    .boolean()
    .default(false)
    .describe('Takes any certificate: whoever is in between can read and change limits.'),
})

export const fleetConfig = z.strictObject({
  url: z
    .string()
    .refine((text) => !isSentinelUrl(text), SENTINEL)
    .refine(
      (text) => isRedisUrl(text) || isSentinelUrl(text),
      'write it like redis://host:6379/0, or rediss:// for TLS; a password with @, / or : in it belongs into password',
    )
    .describe('Redis or Valkey: `redis://`, or `rediss://` for TLS. One address, which leads to the primary.'),
  username: z.string().optional().describe('User of its access list (ACL), where it is not in `url`.'),
  password: z
    .string()
    .optional()
    .describe('As it is, such as `${env:REDIS_PASSWORD}`; in `url` it would have to be percent-encoded.'),
  tls: tls.optional().describe('Certificates, for `rediss://`.'),
  key_prefix: z
    .string()
    .regex(/^[\w.:-]{1,64}$/, 'use letters, digits, _ . : and -, 64 at most')
    .default('spanwarden')
    .describe('Sidecars with the same one are one fleet.'),
  node_name: z
    .string()
    .max(128)
    .default('')
    .describe('Of this sidecar, for people; the name of the host where it is left out.'),
  scopes: z
    .array(z.enum(['fleet', 'agent', 'tenant', 'session', 'run']))
    .default(['fleet', 'agent', 'tenant'])
    .describe(
      'Budgets and rates of these scopes are those of the whole fleet; others count in each sidecar by itself.',
    ),
  slice_percent: z
    .number()
    .min(0.01)
    .max(50)
    .default(SLICE_SHARE_DEFAULT * 100)
    .describe('Part of a budget that a sidecar draws at once: what it may spend while Redis is away.'),
  command_timeout: duration
    .refine((ms) => ms >= 50 && ms <= 30_000, '50ms to 30s')
    .prefault('1s')
    .describe('How long Redis may take to answer before it counts as away.'),
  new_bank: z
    .enum(['wait', 'operator'])
    .default('wait')
    .describe(
      'Redis is empty and no sidecar that is heard within a lease knows better: `wait` makes a new bank then, `operator` waits for `POST /api/guard/fleet/open`.',
    ),
  wait_replicas: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .describe('Replicas that must have a grant before it is used; 1 where there are replicas by default.'),
  trust_noeviction: z
    .boolean()
    .default(false)
    .describe('Where Redis tells nobody its `maxmemory-policy`: you have looked, and it is `noeviction`.'),
})

export type FleetConfig = z.output<typeof fleetConfig>

export const isShared = ({ scopes }: FleetConfig, scope: Scope): boolean => scopes.includes(scope)

function isSentinelUrl(text: string): boolean {
  return /sentinel/i.test(text.split(':', 1)[0] ?? '')
}

function isRedisUrl(text: string): boolean {
  try {
    return /^rediss?:$/.test(new URL(text).protocol)
  } catch {
    return false
  }
}
