import { GrowingText, blob, text, toolArguments } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** Messages of a Converse request in the conventions' shape. */
export const converseInput = (messages: readonly unknown[]): ChatMessage[] =>
  messages.map(fieldsOf).map((message) => ({
    role: textOf(message['role']) ?? 'unknown',
    parts: listOf(message['content']).map(fieldsOf).flatMap(blockParts),
  }))

/** One content block: an object with one field, named by its kind. */
export function blockParts(block: Fields): MessagePart[] {
  const words = textOf(block['text']) ?? textOf(fieldsOf(fieldsOf(block['guardContent'])['text'])['text'])
  if (words !== undefined) return [text(words)]
  const { toolUse, toolResult } = block
  if (toolUse !== undefined) {
    const { toolUseId, name, input } = fieldsOf(toolUse)
    return [{ type: 'tool_call', id: nameOf(toolUseId), name: textOf(name) ?? '', arguments: input }]
  }
  if (toolResult !== undefined) {
    const { toolUseId, content } = fieldsOf(toolResult)
    const response = listOf(content).map(fieldsOf).map(resultOf)
    return [{ type: 'tool_call_response', id: nameOf(toolUseId), response }]
  }
  const reasoning = fieldsOf(block['reasoningContent'])
  const thought = textOf(fieldsOf(reasoning['reasoningText'])['text']) ?? textOf(reasoning['text'])
  if (thought !== undefined) return [{ type: 'reasoning', content: thought }]
  return MEDIA.flatMap((modality) => mediaParts(modality, block[modality]))
}

const MEDIA = ['image', 'document', 'video', 'audio']

/** Text and JSON of a tool's result; its media are named only. */
function resultOf(part: Fields): unknown {
  if (part['text'] !== undefined) return part['text']
  return part['json'] ?? MEDIA.flatMap((modality) => mediaParts(modality, part[modality]))
}

function mediaParts(modality: string, value: unknown): MessagePart[] {
  if (value === undefined) return []
  const { format, source } = fieldsOf(value)
  const { bytes, s3Location } = fieldsOf(source)
  const uri = textOf(fieldsOf(s3Location)['uri'])
  if (uri !== undefined) return [{ type: 'uri', modality, uri }]
  return [blob(modality, mimeTypeOf(modality, textOf(format)), bytes)]
}

/** Bedrock names formats by their suffix. Those of documents have types of their own, and the less usual ones stay unnamed. */
const mimeTypeOf = (modality: string, format: string | undefined): string | undefined => {
  if (format === undefined) return undefined
  return modality === 'document' ? DOCUMENT_TYPES[format] : `${modality}/${format}`
}

const DOCUMENT_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  csv: 'text/csv',
  html: 'text/html',
  txt: 'text/plain',
  md: 'text/markdown',
}

/** The content blocks of an answer, whole or as the events of a stream build them up. */
export class GrowingBlocks {
  readonly #keep: boolean
  readonly #blocks: GrowingBlock[] = []
  #whole: readonly unknown[] = []
  #characters = 0

  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** Characters of all that the model wrote. */
  get characters(): number {
    return this.#characters
  }

  set(blocks: readonly unknown[]): void {
    this.#whole = blocks
    for (const block of blocks.map(fieldsOf)) this.#count(block)
  }

  start(position: number, start: Fields): void {
    const { toolUseId, name } = fieldsOf(start['toolUse'])
    this.#characters += textOf(name)?.length ?? 0
    const block = this.#at(position)
    if (block === undefined) return
    block.id = nameOf(toolUseId)
    block.name = textOf(name)
  }

  add(position: number, delta: Fields): void {
    const input = textOf(fieldsOf(delta['toolUse'])['input'])
    const words = textOf(delta['text'])
    const thought = textOf(fieldsOf(delta['reasoningContent'])['text'])
    this.#characters += (input?.length ?? 0) + (words?.length ?? 0) + (thought?.length ?? 0)
    const block = this.#at(position)
    block?.input.add(input)
    block?.text.add(words)
    block?.reasoning.add(thought)
  }

  parts(): MessagePart[] {
    return [...this.#whole.map(fieldsOf).flatMap(blockParts), ...this.#blocks.flatMap(growingParts)]
  }

  #at(position: number): GrowingBlock | undefined {
    if (!this.#keep || position >= BLOCKS_MAX) return undefined
    this.#blocks[position] ??= {
      id: undefined,
      name: undefined,
      text: new GrowingText(),
      reasoning: new GrowingText(),
      input: new GrowingText(),
    }
    return this.#blocks[position]
  }

  #count(block: Fields): void {
    for (const part of blockParts(block)) {
      if (part.type === 'text' || part.type === 'reasoning') this.#characters += part.content.length
      if (part.type === 'tool_call') this.#characters += part.name.length + charactersOf(part.arguments)
    }
  }
}

interface GrowingBlock {
  id: string | undefined
  name: string | undefined
  readonly text: GrowingText
  readonly reasoning: GrowingText
  readonly input: GrowingText
}

/** Content blocks of one answer that are recorded. */
const BLOCKS_MAX = 4_096

function growingParts(block: GrowingBlock | undefined): MessagePart[] {
  if (block === undefined) return []
  const parts: MessagePart[] = []
  if (block.reasoning.value !== '') parts.push({ type: 'reasoning', content: block.reasoning.value })
  if (block.text.value !== '') parts.push(text(block.text.value))
  if (block.name === undefined) return parts
  const input = block.input.value
  return [
    ...parts,
    { type: 'tool_call', id: block.id, name: block.name, arguments: input === '' ? {} : toolArguments(input) },
  ]
}
