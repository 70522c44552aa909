/** Version of this package, as in package.json (a test compares them): the bundled preload must not read a file for it. */
export const VERSION = '0.1.0'
