import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decisionsPage, statesPage } from '../../docs/generate.ts'
import { nodesPage } from '../../docs/nodes-page.ts'

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

test('docs/states.md is what the transition table says (npm run docs)', () => {
  expect(page('states.md')).toBe(statesPage())
})

test('docs/decisions.md is what the decision tables say (npm run docs)', () => {
  expect(page('decisions.md')).toBe(decisionsPage())
})

test('docs/nodes.md is what the adapters say (npm run docs)', () => {
  expect(page('nodes.md')).toBe(nodesPage())
})
