import type { RuleType } from '../rule.ts'
import { JsonWalk, jsonDepthMax } from './json-walk.ts'
import type { JsonVisitor, LeafKind } from './json-walk.ts'
import * as kinds from './key-kind.ts'
import { keyKind } from './key-kind.ts'
import type { KeyKind } from './key-kind.ts'
import { confidenceOf, isValueOf, typeOfKind } from './key-value.ts'
import { ALLOWED, BLOCKED, IGNORED } from './path-rules.ts'
import type { PathRules } from './path-rules.ts'
import { WordSet } from '../word-set.ts'

/** Told of what keys name. Ranges are of the bytes that were searched. */
export interface KeyMatches {
  match(type: RuleType, from: number, to: number, confidence: number): void
  /** Given and family name of one person, from keys of one object. */
  person(givenFrom: number, givenTo: number, familyFrom: number, familyTo: number): void
  /** The path of the value is blocked. */
  blocked(type: RuleType, from: number, to: number): void
  /** No match that lies in the range counts. */
  exempt(from: number, to: number): void
}

/**
 * Finds what the keys of JSON name, in a text that holds JSON anywhere and at any depth. What a key means depends on the keys above it (`line1` in
 * an address) and, for `name`, on its neighbours: it is that of a person below `customer` and the like, or beside an e-mail, a date of birth, …. The
 * meaning goes on through lists, and through `{"value": …}`.
 */
export class KeyFinder implements JsonVisitor {
  readonly #walk = new JsonWalk(this)
  readonly #matches: KeyMatches
  readonly #paths: PathRules | undefined
  /** By frame, what its current member holds. Frame 0 is the text itself. */
  readonly #kind = new Uint8Array(jsonDepthMax)
  /** By frame, how much speaks for its object being a person. */
  readonly #evidence = new Int8Array(jsonDepthMax)
  /** By frame, what the member `value` holds: as `{"name": "first_name", "value": "Mia"}` says. */
  readonly #paired = new Uint8Array(jsonDepthMax)
  /** By frame, where given and family name stand. */
  readonly #names = new Int32Array(jsonDepthMax * 4)
  /** Bare names of open objects, innermost last: frame, from, to. */
  readonly #pending = new Int32Array(PENDING_MAX * 3)
  #pendingCount = 0

  constructor(matches: KeyMatches, paths?: PathRules) {
    this.#matches = matches
    this.#paths = paths
  }

  /** Searches bytes[start, end); `label` is what all of it is called: the keys around it, with dots between. */
  find(bytes: Uint8Array, start: number, end: number, label: Uint8Array): void {
    const kind = label.length === 0 ? kinds.NO_KIND : inContext(keyKind(label, 0, label.length), kinds.NO_KIND)
    this.#kind[0] = kind
    this.#pendingCount = 0
    this.#paths?.begin(label)
    this.#walk.walk(bytes, start, end)
    if (!isJson(bytes, start, end)) this.#whole(kind, start, end)
  }

  open(_: JsonWalk, frame: number): void {
    this.#kind[frame] = kinds.NO_KIND
    this.#evidence[frame] = 0
    this.#paired[frame] = kinds.NO_KIND
    this.#names[frame * 4 + 1] = this.#names[frame * 4 + 3] = 0
  }

  key({ bytes, keyFrom, keyTo, owner }: JsonWalk, frame: number): void {
    const from = keyFrom[frame] as number
    const to = keyTo[frame] as number
    const above = owner[frame - 1] as number
    const own = keyKind(bytes, from, to)
    const paired = this.#paired[frame] as number
    const isPaired = own === kinds.SAME && paired !== kinds.NO_KIND
    this.#kind[frame] = inContext(isPaired ? paired : own, this.#kind[above] as number)
    const weight = EVIDENCE[own] as number
    if (weight !== 0) this.#weigh(frame, weight)
    this.#paths?.enter(frame, above, bytes, from, to)
  }

  leaf({ bytes, owner, depth, keyFrom, keyTo }: JsonWalk, from: number, to: number, leafKind: LeafKind): void {
    if (from === to) return
    const frame = owner[depth] as number
    if (this.#paths !== undefined && frame > 0 && this.#isSettled(this.#paths, frame, from, to, leafKind)) return
    const kind = this.#kind[frame] as number
    if (leafKind === 'string' && isNameOfPair(bytes, keyFrom[frame] as number, keyTo[frame] as number))
      this.#paired[frame] = keyKind(bytes, from, to)
    if (kind === kinds.NO_KIND || leafKind === 'literal' || frame === 0) return
    if (kind === kinds.BARE_NAME) this.#suspend(frame, from, to)
    else if (this.#take(kind, from, to)) this.#remember(kind, frame * 4, from, to)
    else if (kind === kinds.ADDRESS && isValueOf(kinds.EMAIL, bytes, from, to))
      this.#weigh(frame, EVIDENCE[kinds.EMAIL] as number)
  }

  close(_: JsonWalk, frame: number): void {
    while (this.#pendingCount > 0 && this.#pending[(this.#pendingCount - 1) * 3] === frame) {
      const at = --this.#pendingCount * 3
      if (this.#isPerson(frame))
        this.#take(kinds.BARE_NAME, this.#pending[at + 1] as number, this.#pending[at + 2] as number)
    }
    const names = this.#names
    const at = frame * 4
    if (names[at + 1] !== 0 && names[at + 3] !== 0)
      this.#matches.person(
        names[at] as number,
        names[at + 1] as number,
        names[at + 2] as number,
        names[at + 3] as number,
      )
  }

  /** All of the text is the value of its label. */
  #whole(kind: KeyKind, start: number, end: number): void {
    if (start === end || (this.#paths !== undefined && this.#isSettled(this.#paths, 0, start, end, 'string'))) return
    if (kind !== kinds.BARE_NAME) this.#take(kind, start, end)
  }

  /** Whether the rules for paths decide about the value. */
  #isSettled(paths: PathRules, frame: number, from: number, to: number, leafKind: LeafKind): boolean {
    const verdict = paths.verdict(frame)
    if (verdict === ALLOWED || verdict === IGNORED) this.#matches.exempt(from, to)
    else if (verdict === BLOCKED && leafKind !== 'literal') this.#matches.blocked(paths.typeOf(frame), from, to)
    return verdict !== 0
  }

  #take(kind: KeyKind, from: number, to: number): boolean {
    if (!isValueOf(kind, this.#walk.bytes, from, to)) return false
    const isName = kind === kinds.USER_NAME && isValueOf(kinds.PERSON, this.#walk.bytes, from, to)
    const type = typeOfKind(isName ? kinds.PERSON : kind)
    if (type !== undefined) this.#matches.match(type, from, to, confidenceOf(kind))
    return type !== undefined
  }

  #suspend(frame: number, from: number, to: number): void {
    if (this.#pendingCount === PENDING_MAX) {
      if (this.#isPerson(frame)) this.#take(kinds.BARE_NAME, from, to)
      return
    }
    const at = this.#pendingCount++ * 3
    this.#pending[at] = frame
    this.#pending[at + 1] = from
    this.#pending[at + 2] = to
  }

  #weigh(frame: number, weight: number): void {
    const evidence = (this.#evidence[frame] as number) + weight
    this.#evidence[frame] = Math.max(-EVIDENCE_MAX, Math.min(EVIDENCE_MAX, evidence))
  }

  #isPerson(frame: number): boolean {
    return (this.#evidence[frame] as number) >= PERSON_EVIDENCE
  }

  #remember(kind: KeyKind, at: number, from: number, to: number): void {
    if (kind !== kinds.GIVEN_NAME && kind !== kinds.FAMILY_NAME) return
    // The first given name is the one that people are called by.
    if (kind === kinds.GIVEN_NAME && this.#names[at + 1] !== 0) return
    const name = kind === kinds.GIVEN_NAME ? at : at + 2
    this.#names[name] = from
    this.#names[name + 1] = to
  }
}

/** Bare names that wait for the end of their objects. */
const PENDING_MAX = 256
/** An e-mail address is enough, or two things that companies have as well. */
const PERSON_EVIDENCE = 2
const EVIDENCE_MAX = 100

const EVIDENCE = new Int8Array(kinds.PAYMENT + 1)
for (const [kind, weight] of [
  [kinds.GIVEN_NAME, 3],
  [kinds.FAMILY_NAME, 3],
  [kinds.BIRTH_DATE, 3],
  [kinds.EMAIL, 2],
  [kinds.TRAIT, 2],
  [kinds.PHONE, 1],
  [kinds.ADDRESS, 1],
  [kinds.ADDRESS_LINE, 1],
  [kinds.POSTAL_CODE, 1],
  [kinds.USER_ID, 1],
  [kinds.USER_NAME, 1],
  [kinds.THING, -3],
] as const)
  EVIDENCE[kind] = weight

const isNameKind = (kind: KeyKind): boolean =>
  kind === kinds.BARE_NAME || kind === kinds.FULL_NAME || kind === kinds.ANY_NAME
const isAddressKind = (kind: KeyKind): boolean => kind === kinds.ADDRESS || kind === kinds.ADDRESS_LINE

/** What a key means below one of the kind `above`. */
function inContext(own: KeyKind, above: KeyKind): KeyKind {
  switch (own) {
    case kinds.BARE_NAME:
      return above === kinds.PERSON ? kinds.ANY_NAME : own
    case kinds.ADDRESS:
      return above === kinds.EMAIL ? above : own
    case kinds.PART_GIVEN:
      return isNameKind(above) || above === kinds.PERSON ? kinds.GIVEN_NAME : kinds.NO_KIND
    case kinds.PART_FAMILY:
      return isNameKind(above) || above === kinds.PERSON ? kinds.FAMILY_NAME : kinds.NO_KIND
    case kinds.PART_ADDRESS:
      if (above === kinds.PHONE) return above
      return isAddressKind(above) ? kinds.ADDRESS_LINE : kinds.NO_KIND
    case kinds.PLACE:
      return isAddressKind(above) || above === kinds.PERSON ? own : kinds.NO_KIND
    case kinds.BARE_ID:
      if (above === kinds.PAYMENT) return kinds.PAYMENT_ID
      return above === kinds.PERSON ? kinds.USER_ID : kinds.NO_KIND
    case kinds.SAME:
      if (isNameKind(above)) return kinds.PERSON
      return above === kinds.ADDRESS ? kinds.ADDRESS_LINE : above <= kinds.LAST_LEAF ? above : kinds.NO_KIND
    case kinds.NO_KIND:
      return above === kinds.PAYMENT ? above : own
    case kinds.THING:
    case kinds.TRAIT:
      return kinds.NO_KIND
    default:
      return own
  }
}

/** `key`, `name`, `field`, `label`, `attribute`: what says how its neighbour `value` is called. */
function isNameOfPair(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 3 && to - from <= 9 && NAMES_OF_PAIRS.has(bytes, from, to)
}

const NAMES_OF_PAIRS = new WordSet('key name field label attribute question')

function isJson(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x09)) at++
  return bytes[at] === 0x7b || bytes[at] === 0x5b
}
