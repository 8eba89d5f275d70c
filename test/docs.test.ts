import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decisionsPage, statesPage } from '../docs/generate.ts'

const page = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')

test('docs/states.md is what the transition table says (npm run docs)', () => {
  expect(page('states.md')).toBe(statesPage())
})

test('docs/decisions.md is what the decision tables say (npm run docs)', () => {
  expect(page('decisions.md')).toBe(decisionsPage())
})
