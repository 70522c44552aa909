import { isAttribute, lastChild } from '../../../otlp/roles.ts'
import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { heldBy, scalarOf, VALUE_STRING, valueKind, wireValueFrom, wireValueOf } from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'
import type { MatchConfig } from './match-config.ts'
import { textPattern } from './regex.ts'

/** Where an item stands; -1 = there is none. */
export interface Place {
  /** Resource nodes of the group: more than one where a sender wrote it in parts. */
  resources: readonly number[]
  scope: number
  metric: number
  /** A span, log record or data point. */
  item: number
}
export type Matcher = (view: OtlpView, place: Place) => boolean

const KEY = fieldId('KeyValue', 'key')
const SPAN_NAME = fieldId('Span', 'name')
const SPAN_KIND = fieldId('Span', 'kind')
const METRIC_NAME = fieldId('Metric', 'name')
const BODY = fieldId('LogRecord', 'body')
const SEVERITY = fieldId('LogRecord', 'severityNumber')
const SEVERITY_TEXT = fieldId('LogRecord', 'severityText')
const SCOPE_NAME = fieldId('InstrumentationScope', 'name')
const SCOPE_VERSION = fieldId('InstrumentationScope', 'version')
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']

/** Whether an item is what `include` or `exclude` means. Throws PatternError. */
export function matcherOf(config: MatchConfig): Matcher {
  const test = textTester(config.match_type)
  const any = (texts: readonly string[]): ((text: string) => boolean) => {
    const tests = texts.map(test)
    return (text) => tests.some((matches) => matches(text))
  }
  const parts: Matcher[] = []
  const field = (texts: readonly string[], id: number, node: (place: Place) => number): void => {
    const matches = any(texts)
    if (texts.length > 0) parts.push((view, place) => matches(textField(view, node(place), id)))
  }
  field(config.span_names, SPAN_NAME, itemOf)
  field(config.metric_names, METRIC_NAME, ({ metric }) => metric)
  field(config.log_severity_texts, SEVERITY_TEXT, itemOf)
  if (config.span_kinds.length > 0) parts.push(kindMatcher(config))
  if (config.log_bodies.length > 0) parts.push(bodyMatcher(any(config.log_bodies)))
  if (config.log_severity_number !== undefined) parts.push(severityMatcher(config.log_severity_number))
  const { services, resources, attributes, libraries } = config
  if (services.length > 0) {
    const matches = any(services)
    parts.push((view, place) => {
      const value = attributeOf(view, place.resources, 'service.name')
      return value?.kind === VALUE_STRING && matches(String(scalarOf(value)))
    })
  }
  for (const one of resources) parts.push(attributeMatcher(config, one, (place) => place.resources))
  for (const one of attributes) parts.push(attributeMatcher(config, one, ({ item }) => [item]))
  if (libraries.length > 0) parts.push(libraryMatcher(libraries, test))
  return (view, place) => parts.every((matches) => matches(view, place))
}

const itemOf = ({ item }: Place): number => item

function textTester(type: MatchConfig['match_type']): (wanted: string) => (text: string) => boolean {
  if (type === 'strict') return (wanted) => (text) => text === wanted
  return (wanted) => textPattern(wanted).test
}

function textField(view: OtlpView, node: number, field: number): string {
  const found = node < 0 ? -1 : lastChild(view, node, field)
  return found < 0 ? '' : view.text(found)
}

/** Value of the first attribute of that key. */
export function attributeOf(view: OtlpView, nodes: readonly number[], key: string): WireValue | undefined {
  for (const node of nodes) {
    if (node < 0) continue
    for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c)) {
      if (isAttribute[view.field(c)] !== 1) continue
      const keyNode = lastChild(view, c, KEY)
      if (keyNode >= 0 ? view.text(keyNode) === key : key === '') return wireValueOf(view, c)
    }
  }
  return undefined
}

function kindMatcher({ span_kinds, match_type }: MatchConfig): Matcher {
  const name = (text: string): string => text.replace(/^SPAN_KIND_/, '').toLowerCase()
  const test =
    match_type === 'strict' ? (wanted: string) => (kind: string) => name(kind) === name(wanted) : textTester('regexp')
  const tests = span_kinds.map(test)
  return (view, { item }) => {
    const node = lastChild(view, item, SPAN_KIND)
    const kind = KINDS[node < 0 ? 0 : view.varint(node)] ?? ''
    const names = [kind, `SPAN_KIND_${kind.toUpperCase()}`]
    return tests.some((matches) => names.some(matches))
  }
}

function bodyMatcher(matches: (text: string) => boolean): Matcher {
  return (view, { item }) => {
    const body = lastChild(view, item, BODY)
    const held = body < 0 ? -1 : heldBy(view, body)
    return held >= 0 && valueKind(view.field(held)) === VALUE_STRING && matches(view.text(held))
  }
}

function severityMatcher({ min, match_undefined }: NonNullable<MatchConfig['log_severity_number']>): Matcher {
  return (view, { item }) => {
    const node = lastChild(view, item, SEVERITY)
    const severity = node < 0 ? 0 : view.varint(node)
    return severity === 0 ? match_undefined : severity >= min
  }
}

function attributeMatcher(
  { match_type }: MatchConfig,
  { key, value }: MatchConfig['attributes'][number],
  nodesOf: (place: Place) => readonly number[],
): Matcher {
  const wanted = value === undefined ? undefined : wireValueFrom(value)
  const matchesText = value === undefined || match_type === 'strict' ? undefined : textPattern(String(value)).test
  return (view, place) => {
    const found = attributeOf(view, nodesOf(place), key)
    if (found === undefined || wanted === undefined) return found !== undefined
    const scalar = scalarOf(found)
    if (matchesText === undefined) return found.kind === wanted.kind && scalar === scalarOf(wanted)
    return scalar !== undefined && !(scalar instanceof Buffer) && matchesText(String(scalar))
  }
}

function libraryMatcher(
  libraries: MatchConfig['libraries'],
  test: (wanted: string) => (text: string) => boolean,
): Matcher {
  const tests = libraries.map(({ name, version }) => ({
    name: test(name),
    version: version === undefined ? () => true : test(version),
  }))
  return (view, { scope }) => {
    const name = textField(view, scope, SCOPE_NAME)
    const version = textField(view, scope, SCOPE_VERSION)
    return tests.some((library) => library.name(name) && library.version(version))
  }
}
