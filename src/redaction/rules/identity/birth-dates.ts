const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Whether there is such a day in some year. */
export const isDay = (month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] as number)

/** Whether somebody alive may have been born on that day. */
export const isBirthDate = (year: number, month: number, day: number): boolean =>
  year >= 1880 && year <= 2099 && isDay(month, day) && (month !== 2 || day < 29 || year % 4 === 0)
