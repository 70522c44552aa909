/**
 * Words of which names of arguments are made. Below the first level a key may be data (a person, a customer, an account) as well as a name, and only one that is
 * made of these words is shown.
 */
export const ARGUMENT_WORDS: ReadonlySet<string> = new Set(
  `a access account action active add address after age all amount and api app args arguments array as asc async at attachment attachments author auth
  auto b base64 batch bcc before begin body bool boolean branch bucket by bytes c call category cc cell channel chat city class code collection color column
  columns command comment commit condition config confirm content context contents conversation count country create created currency cursor data database
  date day days default delete depth desc description dest destination details dir direction directory disabled doc document domain draft dry due duration e
  edit email enabled encoding end engine entity entry env error event events exclude expires explanation export expression ext extra f field fields file filename files
  filter filters first flag flags folder force form format from full function g group groups h hash header headers height hidden high history host html http i id
  ids image in include index info input insert instructions interval is issue item items j job json k key keys kind l label labels lang language last lat latitude
  left length level limit line lines link links list lng locale location lon long longitude low m mail map max md5 member members message messages meta metadata
  method mime min mode model month n name names new next node none note notes null number o object of offset old on op open operation operator option options
  or order org output owner p page pages params parent password path paths pattern payload people permission permissions phone pipeline place plan plugin policy port
  position post prefix preview price priority private project prompt property props public q qty quantity query question r range raw read reason recipient
  recipients record recursive ref reference regex region replace reply repo repository request required resource response result results retry right role root row
  rows rule run s schema scope score search section select self send sender sequence server service session set settings sha sha256 shape sheet show
  size skip slug sort source space spec sql start state status step steps stop stream string style subject sub suffix summary symbol sync t table tag
  tags target task team tel template tenant text thread ticket time timeout timestamp timezone title to token tokens tool top topic total trace transaction tree
  true type u unit units until update updated uri url user username users uuid v value values var variables vector version view visible w weight where width with
  window word workspace write x xml y year z zip zone`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
