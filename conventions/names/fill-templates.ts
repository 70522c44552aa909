import { faker } from '@faker-js/faker'
import type { Example, ExampleSpan } from './examples.ts'
import type { Identities } from './identities.ts'
import {
  AIRPORTS,
  BRANDS,
  DEMONYMS,
  DEPARTMENTS,
  DISHES,
  EPONYMS,
  HOTELS,
  LANGUAGES,
  METHODS,
  MONTHS,
  OPTIMIZERS,
  TITLES,
  TOOLS,
  WEEKDAYS,
} from './slots.ts'

/** Each template with something in its slots. */
export function filledTemplates(templates: readonly string[], identities: Identities): Example[] {
  return templates.map((template, index) =>
    filled(template.replaceAll('\\\\n', '\\n').replaceAll(/(?<!\\)\\n/g, '\n'), `template:${index}`, identities),
  )
}

/** Labels of the slots that hold something with a label. */
const LABELS: Readonly<Record<string, ExampleSpan['label']>> = {
  person: 'PERSON',
  first: 'PERSON',
  last: 'PERSON',
  full: 'PERSON',
  lower: 'PERSON',
  upper: 'PERSON',
  place: 'PLACE',
  address: 'PLACE',
  street: 'PLACE',
  country: 'PLACE',
  company: 'ORGANISATION',
  brand: 'ORGANISATION',
  hotel: 'ORGANISATION',
}

function filled(template: string, group: string, identities: Identities): Example {
  let text = ''
  const spans: ExampleSpan[] = []
  let at = 0
  for (const match of template.matchAll(/\{(\w+)\}/g)) {
    text += template.slice(at, match.index)
    const slot = match[1] as string
    const made = valueOf(slot, identities)
    const label = LABELS[slot]
    if (label !== undefined) spans.push({ start: text.length, end: text.length + made.length, label })
    text += made
    at = match.index + match[0].length
  }
  return { text: text + template.slice(at), spans, group, source: 'templates' }
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  tool: TOOLS,
  brand: BRANDS,
  eponym: EPONYMS,
  method: METHODS,
  optimizer: OPTIMIZERS,
  month: MONTHS,
  weekday: WEEKDAYS,
  airport: AIRPORTS,
  department: DEPARTMENTS,
  demonym: DEMONYMS,
  hotel: HOTELS,
  dish: DISHES,
  title: TITLES,
  language: LANGUAGES,
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function valueOf(slot: string, identities: Identities): string {
  const words = WORDS[slot]
  if (words !== undefined) return identities.pick(words)
  switch (slot) {
    case 'person':
      return identities.person()
    case 'first':
    case 'first0':
      return identities.firstName()
    case 'last':
      return identities.lastName()
    case 'full':
      return identities.chance() < 0.85 ? identities.fullName() : identities.person()
    case 'lower':
      return (identities.chance() < 0.5 ? identities.firstName() : identities.fullName()).toLowerCase()
    case 'upper':
      return identities.fullName().toUpperCase()
    case 'place':
      return identities.place()
    case 'address':
      return identities.address()
    case 'street':
      return faker.location.streetAddress()
    case 'country':
      return faker.location.country()
    case 'company':
      return identities.company()
    case 'number':
      return faker.string.numeric({ length: { min: 1, max: 6 } })
    case 'year':
      return String(faker.number.int({ min: 1900, max: 2026 }))
    case 'day':
      return String(faker.number.int({ min: 1, max: 28 }))
    case 'money':
      return `$${faker.commerce.price()}`
    case 'code':
      return faker.string.alpha({ length: { min: 2, max: 6 }, casing: 'upper' })
    case 'id':
      return `#${faker.string.alphanumeric({ length: 8, casing: 'upper' })}`
    case 'product':
      return identities.chance() < 0.6 ? faker.commerce.productName() : faker.commerce.product()
    case 'thing':
      return faker.commerce.product().toLowerCase()
    case 'colour':
      return faker.color.human()
    case 'Colour':
      return capital(faker.color.human())
    case 'vehicle':
      return faker.vehicle.vehicle()
    case 'ingredient':
      return faker.food.ingredient()
    case 'animal':
      return faker.animal.bird()
    case 'book':
      return faker.book.title()
    case 'song':
      return faker.music.songName()
    case 'element':
      return faker.science.chemicalElement().name
    case 'job':
      return faker.person.jobTitle()
    case 'frag':
      return (
        identities.pick([' ', '']) + capital(identities.firstName().slice(0, 2 + Math.floor(identities.chance() * 3)))
      )
    case 'Word':
      return capital(word(identities))
    case 'word':
      return word(identities)
    default:
      throw new Error(`no slot ${slot}`)
  }
}

function word(identities: Identities): string {
  const { word: words, hacker } = faker
  return identities.pick([
    () => words.noun(),
    () => words.verb(),
    () => words.adjective(),
    () => hacker.noun().split(' ')[0] ?? '',
    () => hacker.verb(),
  ])()
}
