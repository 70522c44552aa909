import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_PROVIDER_NAME,
  CANONICAL_VALUES,
  ERROR_TYPE_VALUE_OTHER,
} from '../../../conventions.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'
import { ABSENT, LabelValues } from './label-values.ts'

/** Label value ids of attributes of the span that was read last, after redaction. */
export class Labels {
  readonly values: LabelValues
  /** Provider id as written → id of its name of today. */
  readonly #providers = new Map<number, number>()
  readonly #texts = new Map<string, number>()

  constructor(valuesMax: number) {
    this.values = new LabelValues(valuesMax)
  }

  /** A string attribute, by its wire key id. */
  of(reader: SpanReader, id: number): number {
    const node = reader.node(id)
    if (node < 0) return ABSENT
    const { view } = reader
    const value = view.valueNode(node)
    if (value < 0 || view.field(value) !== STRING) return ABSENT
    if (!view.isEdited(value)) return this.values.idOf(view.bytes, view.body(value), view.end(value))
    const content = view.content(value)
    return this.values.idOf(content, 0, content.length)
  }

  /** A provider under its name of today. */
  provider(reader: SpanReader, id: number): number {
    const written = this.of(reader, id)
    const known = this.#providers.get(written)
    if (known !== undefined) return known
    const text = this.values.text(written)
    const today = providerNames.get(text)
    const label = today === undefined ? written : this.values.idOfText(today)
    this.#providers.set(written, label)
    return label
  }

  /** The class of a failure; absent on success. */
  error(reader: SpanReader): number {
    return this.of(reader, ERROR_TYPE) || (reader.isError ? this.ofText(ERROR_TYPE_VALUE_OTHER) : ABSENT)
  }

  /** A word of ours. */
  ofText(text: string): number {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const id = this.values.idOfText(text)
    this.#texts.set(text, id)
    return id
  }
}

const STRING = fieldId('AnyValue', 'stringValue')
const ERROR_TYPE = wireId(ATTR_ERROR_TYPE)
const providerNames = new Map(Object.entries(CANONICAL_VALUES[ATTR_GEN_AI_PROVIDER_NAME] ?? {}))
