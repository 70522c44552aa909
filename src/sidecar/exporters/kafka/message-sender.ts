import type { Payload, Sent } from '../../component.ts'
import type { KafkaClient } from './kafka-client.ts'
import { kafkaFault } from './kafka-fault.ts'
import type { KafkaMessage } from './messages.ts'

/** Bytes that Kafka adds to a message, and to a batch of them, and some more. */
const MESSAGE_BYTES_EXTRA = 100

export interface SenderOptions {
  readonly topic: string
  readonly messageBytesMax: number
  /** Bytes of `record_headers`. */
  readonly headerBytes: number
}

/** Brings the messages of a batch to the brokers, in requests of a size that they take, and remembers which of them have arrived while the batch is tried again. */
export class MessageSender {
  readonly #arrived = new WeakMap<Payload, Set<number>>()
  readonly #client: KafkaClient
  readonly #options: SenderOptions

  constructor(client: KafkaClient, options: SenderOptions) {
    this.#client = client
    this.#options = options
  }

  /** The messages of a batch are the same in the same order whenever it is tried. */
  async send(payload: Payload, messages: readonly KafkaMessage[]): Promise<Sent> {
    const { messageBytesMax } = this.#options
    const sizes = messages.map((message) => this.#sizeOf(message))
    if (sizes.some((size) => size > messageBytesMax)) return tooLarge(messageBytesMax - MESSAGE_BYTES_EXTRA)
    const arrived = this.#arrived.get(payload) ?? new Set<number>()
    this.#arrived.set(payload, arrived)
    const attempt: Attempt = { messages, arrived, rejectedItems: 0, faults: [] }
    const waiting = messages.map((_, index) => index).filter((index) => !arrived.has(index))
    await Promise.all(groupsOf(waiting, sizes, messageBytesMax).map((group) => this.#produce(group, attempt)))
    return outcomeOf(attempt)
  }

  /** What the broker refuses for its messages is tried in halves, down to the message that it is about. */
  async #produce(group: readonly number[], attempt: Attempt): Promise<void> {
    const { messages, arrived } = attempt
    const ofGroup = group.flatMap((index) => messages[index] ?? [])
    try {
      await this.#client.produce(this.#options.topic, ofGroup)
      for (const index of group) arrived.add(index)
    } catch (error) {
      const fault = kafkaFault(error)
      if (fault.kind !== 'retry' && group.length > 1) {
        const middle = group.length >> 1
        await this.#produce(group.slice(0, middle), attempt)
        await this.#produce(group.slice(middle), attempt)
        return
      }
      if (fault.kind === 'rejected') attempt.rejectedItems += ofGroup.reduce((sum, { items }) => sum + items, 0)
      attempt.faults.push(fault)
    }
  }

  #sizeOf({ key, value }: KafkaMessage): number {
    return value.length + (key?.length ?? 0) + this.#options.headerBytes + MESSAGE_BYTES_EXTRA
  }
}

interface Attempt {
  readonly messages: readonly KafkaMessage[]
  /** Positions of messages that the brokers have. */
  readonly arrived: Set<number>
  rejectedItems: number
  readonly faults: ReturnType<typeof kafkaFault>[]
}

const tooLarge = (bytesMax: number): Sent => ({
  outcome: 'split',
  reason: 'a message is larger than producer.max_message_bytes',
  bytesMax,
})

function outcomeOf({ messages, arrived, rejectedItems, faults }: Attempt): Sent {
  const large = faults.find(({ kind }) => kind === 'too_large')
  if (large !== undefined) return { outcome: 'split', reason: large.reason }
  const passing = faults.find(({ kind }) => kind === 'retry')
  if (passing !== undefined) return { outcome: 'retry', reason: passing.reason }
  const [rejected] = faults
  if (rejected === undefined) return { outcome: 'sent' }
  if (arrived.size === 0 || messages.length === 1) return { outcome: 'rejected', reason: rejected.reason }
  return { outcome: 'sent', rejectedItems, message: rejected.reason }
}

/** All messages of a request may go to one partition, and a broker looks at how large what goes to a partition is. */
function groupsOf(indexes: readonly number[], sizes: readonly number[], bytesMax: number): number[][] {
  const groups: number[][] = []
  let bytes = Infinity
  for (const index of indexes) {
    const size = sizes[index] ?? 0
    if (bytes + size > bytesMax) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)?.push(index)
    bytes += size
  }
  return groups
}
