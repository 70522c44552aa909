/** What names are called in placeholders and counters: the same as those that keys name (rules/personal.ts). */
export const NAME_TYPE = 'PERSON'
