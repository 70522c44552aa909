/**
 * What a key says of its value. Kinds up to LAST_LEAF name a value; the others only tell what their members are about.
 */
export const NO_KIND = 0
export const GIVEN_NAME = 1
export const FAMILY_NAME = 2
export const FULL_NAME = 3
/** `customer_name`, `display_name`: a name, but of a company or a machine as well. */
export const ANY_NAME = 4
/** `name` alone. */
export const BARE_NAME = 5
export const ADDRESS_LINE = 6
/** `address` alone: a line, an object, or that of a machine. */
export const ADDRESS = 7
export const POSTAL_CODE = 8
/** City, state, country. */
export const PLACE = 9
export const BIRTH_DATE = 10
export const EMAIL = 11
export const PHONE = 12
export const USER_NAME = 13
export const USER_ID = 14
export const ACCOUNT_ID = 15
export const PAYMENT_ID = 16
export const CARD_LAST4 = 17
export const LAST_LEAF = 17
/** An object or list that is a person: `customer`, `passengers`. */
export const PERSON = 18
/** What else only people have: `gender`, `nationality`. */
export const TRAIT = 19
/** What only things and companies have: `price`, `website`. */
export const THING = 20
/** What holds the value of the key above: `value`, `raw`. */
export const SAME = 21
/** Means something only inside of a name: `first`. */
export const PART_GIVEN = 22
export const PART_FAMILY = 23
/** Means something only inside of an address: `line1`, `number`, `unit`. */
export const PART_ADDRESS = 24
/** `method_id` inside of a payment, and `id` inside of a person or payment. */
export const BARE_ID = 25
export const PAYMENT = 26

export type KeyKind = number

/** Who may stand before `name`, `id`, `address`: `customerName`, `patient.name`, `passenger_id`. Plural forms are found too. */
const PEOPLE =
  'customer user patient passenger guest member employee contact person traveler traveller recipient sender cardholder subscriber student teacher ' +
  'applicant beneficiary candidate visitor buyer payer payee participant attendee spouse guardian victim donor insured policyholder borrower resident caller ' +
  'individual people end_user physician doctor nurse lawyer witness nominee signatory signer author owner manager supervisor reviewer assignee reporter requester ' +
  'approver emergency_contact next_of_kin primary_contact account_holder kunde kunden cliente utilisateur usuario paciente patiente empleado mitarbeiter titular persona personne'

/** Kinds whose keys end with one of these words, whatever stands before; separators, case and digits at the end do not count. */
const ANYWHERE: Record<KeyKind, string> = {
  [GIVEN_NAME]:
    'first_name given_name forename middle_name fname first_names given_names preferred_name nickname name_first ' +
    'vorname vornamen prenom prénom nombre_de_pila primer_nombre segundo_nombre primeiro_nome voornaam imie imię förnamn fornavn etunimi имя 名',
  [FAMILY_NAME]:
    'last_name family_name surname lname maiden_name second_last_name last_names name_last nachname familienname ' +
    'apellido apellidos primer_apellido segundo_apellido nom_de_famille sobrenome cognome achternaam nazwisko efternamn etternavn sukunimi soyad фамилия отчество 姓',
  [FULL_NAME]:
    'full_name legal_name real_name cardholder_name card_holder_name card_holder name_on_card account_holder account_holder_name cardholder ' +
    'passenger_name patient_name guest_name employee_name member_name traveler_name traveller_name recipient_name sender_name ' +
    'contact_name student_name applicant_name beneficiary_name payee_name payer_name visitor_name spouse_name subscriber_name insured_name ' +
    'person_name emergency_contact_name mothers_maiden_name mother_name father_name nombre_completo nombre_y_apellidos nom_complet nome_completo ' +
    'vollständiger_name volledige_naam imie_i_nazwisko фио 姓名 氏名 名前 성명',
  [ANY_NAME]: 'display_name nombre nome nom naam 이름',
  [ADDRESS_LINE]:
    'address1 address2 address3 addr1 addr2 street street_address street_name street_line address_line addressline address_street addr_line street_and_number house_number ' +
    'home_address mailing_address postal_address billing_address shipping_address delivery_address residential_address residence_address permanent_address ' +
    'current_address full_address physical_address work_address office_address street_addr straße strasse strasse_hausnummer anschrift adresse calle direccion ' +
    'dirección domicilio rue endereco endereço indirizzo adres ulica logradouro adresszeile улица адрес 住所 地址 주소',
  [POSTAL_CODE]:
    'zip zip_code zip_plus_four zip5 zip9 postal_code post_code plz postleitzahl code_postal codigo_postal código_postal cep pincode ' +
    'pin_code postnummer kod_pocztowy eircode индекс 郵便番号 邮编 우편번호',
  [BIRTH_DATE]:
    'dob date_of_birth birth_date birthday day_of_birth birth_dt geburtsdatum geburtstag fecha_de_nacimiento fecha_nacimiento ' +
    'date_de_naissance date_naissance data_de_nascimento data_nascimento data_di_nascita data_nascita geboortedatum data_urodzenia födelsedatum fødselsdato ' +
    'дата_рождения 生年月日 出生日期 생년월일',
  [EMAIL]:
    'email mail email_address mail_address email_addr e_mail_address emails mails correo correo_electronico courriel eposta адрес_почты メール 邮箱 이메일',
  [PHONE]:
    'phone phone_number phone_no telephone telephone_number tel tel_number mobile mobile_number mobile_phone cell cell_phone cell_number fax ' +
    'fax_number phones contact_number whatsapp whatsapp_number msisdn caller_id telefon telefonnummer handynummer handy telefono teléfono celular móvil movil ' +
    'numero_de_telephone téléphone telefone telefoonnummer telefonszám телефон 電話番号 电话 手机号 전화번호',
  [USER_NAME]:
    'user_name login login_name user_login screen_name user_handle account_name benutzername nombre_de_usuario',
  [USER_ID]:
    'user_id customer_id member_id patient_id employee_id user_uuid enduser_id passenger_id user_identifier patient_no member_no member_number loyalty_number frequent_flyer_number membership_number employee_number customer_number mrn medical_record_number',
  [ACCOUNT_ID]: 'account_id account_uuid acct_id',
  [PAYMENT_ID]:
    'payment_id payment_method_id payment_source_id payment_method_token card_id payment_token payment_instrument_id funding_source_id gift_card_id',
  [CARD_LAST4]: 'last_four last4 last_4 last_four_digits last4_digits last_4_digits',
  [TRAIT]:
    'gender sex age nationality citizenship marital_status ethnicity religion blood_type ssn passport passport_number salutation pronouns birth_place place_of_birth national_id tax_id drivers_license known_traveler_number occupation',
}

/** Kinds of whole keys: the same words behind others mean something else (`file_name`, `server.address`). */
const ALONE: Record<KeyKind, string> = {
  [BARE_NAME]: 'name names',
  [ADDRESS]: 'address addresses addr location residence shipping billing home_addr',
  [PLACE]:
    'city town state country county region province state_code country_code state_province locality municipality village suburb district ort stadt ville ciudad cidade citta città land bundesland pais país pays',
  [PART_GIVEN]: 'first middle given',
  [PART_FAMILY]: 'last family',
  [PART_ADDRESS]:
    'line number unit suite apt apartment building floor line_one line_two house flat block lot po_box extra details street_no',
  [THING]:
    'price sku rating website url stock inventory brand vendor manufacturer amenities category currency product_id quantity hours opening_hours industry employees founded ticker version license dependencies domain revenue menu cuisine stars checkin_time parameters schema input_schema type_params',
  [SAME]:
    'value values text raw content stringvalue string_value s n home work mobile main primary secondary other personal private office current formatted full original normalized e164 international national long billing_value year month day',
  [BARE_ID]: 'id uuid identifier',
  [PAYMENT]:
    'payment payments payment_method payment_methods payment_history card cards credit_card credit_cards wallet payment_source payment_sources funding_source instrument gift_card gift_cards',
}

/** The keys of a kind, as they are written with `_`. Those of people also in the plural. */
export function keysOfKind(kind: KeyKind): readonly string[] {
  if (kind === PERSON) return PEOPLE.split(' ').flatMap((word) => [word, `${word}s`])
  return (ANYWHERE[kind] ?? ALONE[kind] ?? '').split(' ').filter((key) => key !== '')
}

/** Words before `city`, `line` and `address` that make them parts of one. */
const IN_ADDRESS = 'address addr street billing shipping home mailing postal delivery residential'

/** `host_name` and `container_user_name` are not names of people. */
const NOT_OF_PEOPLE =
  'file host tool function class service node process container image pod cluster region package module method event metric field column table database db bucket queue topic index server ' +
  'device product item brand company organization org team project repo branch network interface job task model agent'

/** What is known of some words in a row, without anything between. */
interface Entry {
  /** Kind of a key that is just these words. */
  whole: KeyKind
  /** Kind of a key that ends with them. */
  ending: KeyKind
  isOwner: boolean
  isInAddress: boolean
  isNoPerson: boolean
}

/** By hash of the words in lower case: they are told apart by 32 bits. */
const entries = new Map<number, Entry>()

function entryOf(key: string): Entry {
  const bytes = encoder.encode(key.replaceAll('_', ''))
  const hash = hashOf(bytes, 0, bytes.length)
  const known = entries.get(hash)
  if (known !== undefined) return known
  const entry = { whole: NO_KIND, ending: NO_KIND, isOwner: false, isInAddress: false, isNoPerson: false }
  entries.set(hash, entry)
  return entry
}

/** Upper case is folded in ASCII only: other keys are known with a capital, too. */
const spellings = (key: string): string[] => [key, key.charAt(0).toUpperCase() + key.slice(1)]

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}

const encoder = new TextEncoder()
for (const [kind, keys] of Object.entries(ALONE)) for (const key of keys.split(' ')) entryOf(key).whole = Number(kind)
for (const [kind, keys] of Object.entries(ANYWHERE))
  for (const key of keys.split(' ').flatMap(spellings)) entryOf(key).whole = entryOf(key).ending = Number(kind)
for (const word of keysOfKind(PERSON)) {
  const entry = entryOf(word)
  entry.isOwner = true
  if (entry.whole === NO_KIND) entry.whole = PERSON
}
for (const word of IN_ADDRESS.split(' ')) entryOf(word).isInAddress = true
for (const word of NOT_OF_PEOPLE.split(' ')) entryOf(word).isNoPerson = true

/** Of a longer key, such as a path, the end counts. */
const KEY_BYTES_MAX = 64
const WORDS_MAX = 12
/** The words of the key at hand in lower case, one behind the other, and where each begins. */
const words = new Uint8Array(KEY_BYTES_MAX)
const starts = new Uint8Array(WORDS_MAX + 1)
let wordCount = 0

/** The keys that were asked about last, by hash, and their kinds: the same few come again and again. */
const RECENT = 1024
const recentHashes = new Int32Array(RECENT)
const recentKinds = new Int8Array(RECENT).fill(-1)

/** Kind of the key bytes[from, to). */
export function keyKind(bytes: Uint8Array, from: number, to: number): KeyKind {
  const hash = hashOf(bytes, Math.max(from, to - KEY_BYTES_MAX - 1), to)
  const slot = (hash ^ (hash >>> 15)) & (RECENT - 1)
  const recent = recentKinds[slot] as number
  if (recent >= 0 && recentHashes[slot] === hash) return recent
  const kind = readKind(bytes, from, to)
  recentHashes[slot] = hash
  recentKinds[slot] = kind
  return kind
}

function readKind(bytes: Uint8Array, from: number, to: number): KeyKind {
  const length = splitWords(bytes, Math.max(from, to - KEY_BYTES_MAX), to)
  if (length === 0) return NO_KIND
  const kind = kindOfWords(length)
  if (kind !== NO_KIND) return kind
  let bare = length
  while (bare > 0 && isDigit(words[bare - 1] as number)) bare--
  if (bare === length || bare === 0) return NO_KIND
  while (wordCount > 1 && (starts[wordCount - 1] as number) >= bare) wordCount--
  return kindOfWords(bare)
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a
const isLower = (byte: number): boolean => (byte >= 0x61 && byte <= 0x7a) || byte >= 0x80

/** `customerFirstName2` = customer, first, name2. Returns how many bytes of `words` are used. */
function splitWords(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  let isInside = false
  wordCount = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    const isWord = isUpper(byte) || isLower(byte) || isDigit(byte)
    if (isWord && (!isInside || isBorder(bytes, from, at, to))) {
      if (wordCount === WORDS_MAX) {
        starts.copyWithin(0, 1)
        wordCount--
      }
      starts[wordCount++] = length
    }
    if (isWord) words[length++] = isUpper(byte) ? byte | 0x20 : byte
    isInside = isWord
  }
  return length
}

/** Upper case behind lower case or a digit, and the last of several before lower case: firstName, IPAddress. */
function isBorder(bytes: Uint8Array, from: number, at: number, to: number): boolean {
  if (!isUpper(bytes[at] as number) || at === from) return false
  const before = bytes[at - 1] as number
  return isLower(before) || isDigit(before) || (at + 1 < to && isUpper(before) && isLower(bytes[at + 1] as number))
}

/** Of words[starts[0], length). */
function kindOfWords(length: number): KeyKind {
  for (let first = 0; first < wordCount; first++) {
    const entry = entries.get(hashOf(words, starts[first] as number, length))
    if (entry === undefined) continue
    if (first === 0) {
      if (entry.whole !== NO_KIND) return entry.whole
      continue
    }
    const before = entries.get(hashOf(words, starts[first - 1] as number, starts[first] as number))
    if (entry.ending !== NO_KIND) return isOther(entry.ending, before) ? NO_KIND : entry.ending
    if (entry.whole === NO_KIND || entry.whole === PERSON) continue
    const two = first > 1 ? entries.get(hashOf(words, starts[first - 2] as number, starts[first] as number)) : undefined
    return before?.isOwner === true || two?.isOwner === true ? ofOwner(entry.whole) : inAddress(entry.whole, before)
  }
  return NO_KIND
}

/** `customer_name`, `userAddress`, `customer_city`, `patient_id`. */
function ofOwner(kind: KeyKind): KeyKind {
  if (kind === BARE_NAME) return ANY_NAME
  if (kind === ADDRESS) return ADDRESS_LINE
  if (kind === BARE_ID) return USER_ID
  return kind === PLACE ? PLACE : NO_KIND
}

/** `address_line`, `billing_city`. */
function inAddress(kind: KeyKind, before: Entry | undefined): KeyKind {
  if (before?.isInAddress !== true) return NO_KIND
  if (kind === ADDRESS || kind === PART_ADDRESS) return ADDRESS_LINE
  return kind === PLACE ? PLACE : NO_KIND
}

const isOther = (kind: KeyKind, before: Entry | undefined): boolean =>
  (kind === ANY_NAME || kind === FULL_NAME || kind === USER_NAME) && before?.isNoPerson === true
