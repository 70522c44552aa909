import { expect, test } from 'vitest'
import { instrumentations } from './instrumentation/instrumentations.ts'
import { knownLibraries } from './known-libraries.ts'

const observed = new Set(instrumentations.map(({ library }) => library))

test('a library with an instrumentation is not in the list of those without', () => {
  expect([...knownLibraries.keys()].filter((name) => observed.has(name))).toEqual([])
})

test('who is seen through a package is seen through one that is observed', () => {
  const packages = [...knownLibraries.values()].flatMap(({ through }) =>
    through === undefined || through.includes(' ') ? [] : [through],
  )
  expect(packages.length).toBeGreaterThan(5)
  expect(packages.filter((name) => !observed.has(name))).toEqual([])
})

test('whatever is not seen comes with what to do', () => {
  const silent = [...knownLibraries].filter(([, { through, advice }]) => through === undefined && advice === undefined)
  expect(silent).toEqual([])
})
