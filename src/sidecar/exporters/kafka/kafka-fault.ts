/** What a failure to produce means. `too_large` and `rejected` are about the messages themselves, everything else about the cluster. */
export interface KafkaFault {
  readonly kind: 'retry' | 'too_large' | 'rejected'
  /** The names of Kafka's errors and what to do; no message of an error, which may quote anything. */
  readonly reason: string
}

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
/** The broker will never take these messages. */
const REJECTED = new Set(['INVALID_RECORD', 'INVALID_TIMESTAMP', 'UNSUPPORTED_FOR_MESSAGE_FORMAT'])

/** What a person has to do; until then everything waits in the queue. */
const HINTS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'the user may not write to the topic, or may not create it',
  CLUSTER_AUTHORIZATION_FAILED: 'the user may not write to the cluster',
  SASL_AUTHENTICATION_FAILED: 'check username and password in auth',
  UNSUPPORTED_SASL_MECHANISM: 'the broker does not know the mechanism in auth.sasl',
  UNKNOWN_TOPIC_OR_PARTITION: 'the topic is not there; create it',
  INVALID_TOPIC_EXCEPTION: 'the broker does not take the name of the topic',
  NOT_ENOUGH_REPLICAS: 'fewer replicas are in sync than min.insync.replicas of the topic',
  POLICY_VIOLATION: 'a policy of the cluster forbids it',
  PLT_KFK_AUTHENTICATION: 'check auth',
  PLT_KFK_NETWORK: 'the broker closed the connection or did not answer; if it always does, check auth and tls',
  PLT_KFK_UNSUPPORTED_API: 'the broker is too old',
}

export function kafkaFault(error: unknown): KafkaFault {
  const names = namesIn(error)
  const reason = `Kafka: ${names.map((name) => (HINTS[name] === undefined ? name : `${name} (${HINTS[name]})`)).join(', ')}`
  if (names.some((name) => TOO_LARGE.has(name))) return { kind: 'too_large', reason }
  if (names.some((name) => REJECTED.has(name))) return { kind: 'rejected', reason }
  return { kind: 'retry', reason }
}

const NAMES_MAX = 3
const DEPTH_MAX = 8

/** The names at the ends of the tree of errors: those of Kafka's answers, codes of the system, codes of the client. */
function namesIn(error: unknown): string[] {
  const names = new Set<string>()
  visit(error, DEPTH_MAX)
  return names.size === 0 ? ['unknown error'] : [...names].slice(0, NAMES_MAX)

  function visit(one: unknown, depth: number): void {
    if (!(one instanceof Error) || depth === 0) return
    const apiId: unknown = Reflect.get(one, 'apiId')
    const inner = [
      ...(one instanceof AggregateError ? one.errors : []),
      ...(one.cause === undefined ? [] : [one.cause]),
    ]
    const code: unknown = Reflect.get(one, 'code')
    if (typeof apiId === 'string') names.add(apiId)
    else if (isUnknownTopic(one)) names.add('UNKNOWN_TOPIC_OR_PARTITION')
    else if (inner.length === 0 || code === 'PLT_KFK_AUTHENTICATION')
      names.add(typeof code === 'string' ? code : one.name)
    for (const next of inner) visit(next, depth - 1)
  }
}

/** The client makes a UserError of it, and its only sign is the text. */
const isUnknownTopic = (error: Error): boolean => /^Unknown topic\b/.test(error.message)
