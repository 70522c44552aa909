import { allFakers, faker } from '@faker-js/faker'
import type { Faker } from '@faker-js/faker'
import type { Example, ExampleSpan } from './examples.ts'
import { random } from './random.ts'

/** Locales with capitals; the ones further up come up more often. */
const LOCALES = (
  'en_US en_US en_US en_US en_GB en_AU en_CA en_IN en_IN en_ZA en_NG en_IE de fr es es_MX it nl pt_BR pt_PT pl sv da nb_NO fi cs_CZ sk hu ro tr hr ' +
  'sr_RS_latin vi id_ID de_AT de_CH fr_CH fr_BE fr_CA en_GH yo_NG zu_ZA af_ZA lv az en_HK fr_SN'
).split(' ')

/** Makes names, places and companies; the same seed makes the same ones. */
export class Identities {
  readonly #fakers: readonly Faker[]
  readonly #chance: () => number

  constructor(seed: number) {
    this.#chance = random(seed)
    const all: Readonly<Record<string, Faker | undefined>> = allFakers
    this.#fakers = LOCALES.flatMap((locale) => all[locale] ?? [])
    for (const each of [...this.#fakers, faker]) each.seed(seed)
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#chance() * items.length)] as T
  }

  chance(): number {
    return this.#chance()
  }

  /** A name in one of the forms in which people write names. */
  person(): string {
    const { person } = this.#faker()
    const form = this.#chance()
    const first = person.firstName()
    const last = person.lastName()
    if (form < 0.5) return `${first} ${last}`
    if (form < 0.68) return first
    if (form < 0.74) return last
    if (form < 0.79) return `${first} ${this.initial()}. ${last}`
    if (form < 0.82) return `${first.charAt(0)}. ${last}`
    if (form < 0.85) return `${first} ${person.firstName()} ${last}`
    if (form < 0.87) return `${first} ${last}-${person.lastName()}`
    if (form < 0.89) return `${last}, ${first}`
    if (form < 0.92) return `${first} ${last}`.toUpperCase()
    if (form < 0.94) return `${first} ${last}`.toLowerCase()
    return `${first} ${last}`
  }

  firstName(): string {
    const { person } = this.#faker()
    return this.#chance() < 0.04 ? `${person.firstName()}-${person.firstName()}` : person.firstName()
  }

  lastName(): string {
    return this.#faker().person.lastName()
  }

  fullName(): string {
    const { person } = this.#faker()
    if (this.#chance() < 0.03) return `${person.firstName()}-${person.firstName()} ${person.lastName()}`
    return `${person.firstName()} ${person.lastName()}`
  }

  initial(): string {
    return String.fromCharCode(65 + Math.floor(this.#chance() * 26))
  }

  /** A name with as many words as the one in whose place it comes. */
  like(name: string): string {
    const words = name.trim().split(/\s+/).length
    const { person } = this.#faker()
    const isCapitals = name === name.toUpperCase() && name.length > 3
    const made =
      words === 1
        ? this.#chance() < 0.55
          ? person.firstName()
          : person.lastName()
        : words === 2
          ? `${person.firstName()} ${person.lastName()}`
          : `${person.firstName()} ${this.#chance() < 0.5 ? `${this.initial()}.` : person.firstName()} ${person.lastName()}`
    return isCapitals ? made.toUpperCase() : made
  }

  place(): string {
    const form = this.#chance()
    if (form > 0.85) return faker.location.country()
    if (form > 0.65) return this.pick(NAMED_LIKE_PERSONS)
    return this.#local(({ location }) => (form < 0.5 ? location.city() : location.state()))
  }

  address(): string {
    return this.#local((made) => this.#addressOf(made))
  }

  #addressOf({ location }: Faker): string {
    const street = this.#chance() < 0.6 ? location.streetAddress() : location.streetAddress(true)
    const form = this.#chance()
    if (form < 0.4) return street
    const gap = this.pick([', ', '\n', ' ', '\n '])
    return `${street}${gap}${location.city()}${this.pick([', ', ' ', '\n'])}${form < 0.7 ? location.zipCode() : `${location.state()} ${location.zipCode()}`}`
  }

  company(): string {
    const form = this.#chance()
    const { company, person } = form < 0.5 ? faker : this.#faker()
    if (form < 0.35) return company.name()
    if (form < 0.6) return `${person.lastName()} ${this.pick(COMPANY_WORDS)}`
    if (form < 0.8) return `${this.pick(COMPANY_STEMS)}${this.pick(COMPANY_ENDINGS)}`
    return `${capital(faker.word.noun())} ${this.pick(COMPANY_WORDS)}`
  }

  /** Some locales lack states or postcodes. */
  #local(make: (from: Faker) => string): string {
    try {
      return make(this.#faker())
    } catch {
      return make(faker)
    }
  }

  #faker(): Faker {
    return this.pick(this.#fakers)
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
/** Places that are called like persons, or begin like them. */
const NAMED_LIKE_PERSONS = (
  'Austin|San Jose|San Diego|San Antonio|San Francisco|Santa Maria|Santa Rosa|Santa Clara|Saint Paul|St. Louis|Charlotte|Houston|Jackson|Madison|Lincoln|' +
  'Denver|Victoria|Florence|Sydney|Jordan|Chad|Georgia|Virginia|West Virginia|North Carolina|South Dakota|Santiago|Washington|Orlando|Aurora|Savannah|' +
  'Brooklyn|Chelsea|Kingston|Hamilton|Wellington|Adelaide|Darwin|Perth|Nancy|Dallas|Phoenix|Paris|London|Milan|Vienna|Francisco|Diego|Jose|Lourdes|' +
  'Louisville|Charleston|Jacksonville|Jefferson City|Fort Wayne|Carson City|Montgomery|Raleigh|Albany|Helena|Pierre|Salem|Eugene|Lancaster|Camden|' +
  'Lafayette|Alexandria|Arlington|Logan|Preston|Lima|Asia|India|Israel|Kenya|Malta|Cuba|Dominica|Mali|Fallujah|Katrina|Christchurch|Elizabeth|Irvine'
).split('|')
const COMPANY_WORDS = (
  'Inc|Inc.|LLC|Ltd|Ltd.|GmbH|Corp|Corporation|Group|Partners|Capital|Bank|Systems|Technologies|Software|Labs|Media|Foods|Airlines|Motors|Energy|' +
  'Holdings|Consulting|Analytics|Insurance|Pharma|Studios|University|College|Hospital|Foundation|Institute|& Co|& Sons|Brothers|Stores|Logistics|App|Cloud|Data'
).split('|')
const COMPANY_STEMS =
  'Nova Blue Data Cyber Green Open Smart Micro Inter Global Sun Sky Deep Bright Quick Next Pro Omni Terra Velo Astro Core Ever'.split(
    ' ',
  )
const COMPANY_ENDINGS =
  'Soft Works Tech Ware Link Point Mind Wave Base Scale Stream Forge Path Grid Loop Bridge Line Net Hub Ly ify io'.split(
    ' ',
  )

/** The same text with other persons in it. */
export function withOtherPersons(example: Example, identities: Identities): Example {
  return refilled(example, ({ label }, old) => (label === 'PERSON' ? identities.like(old) : old))
}

/** The same text with something else in each span. */
export function refilled(example: Example, fill: (span: ExampleSpan, old: string) => string): Example {
  let text = ''
  let at = 0
  const spans: ExampleSpan[] = []
  for (const span of example.spans) {
    if (span.start < at) continue
    text += example.text.slice(at, span.start)
    const made = fill(span, example.text.slice(span.start, span.end))
    spans.push({ ...span, start: text.length, end: text.length + made.length })
    text += made
    at = span.end
  }
  return { ...example, text: text + example.text.slice(at), spans }
}
