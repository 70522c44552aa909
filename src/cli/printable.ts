/** Names come from agents' processes and may hold anything: nothing of them moves the cursor of a terminal. */
export const printable = (text: string): string => text.replaceAll(/\p{C}/gu, '?')
