import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

/** Properties that hold a sentence for a person: a reason, a cell of a generated table. */
const PROPERTIES = new Set(['message', 'says', 'then', 'why'])

/** Functions that take a sentence for a person, and at which place. */
const ARGUMENTS = new Map([
  ['Error', 0],
  ['alarm', 0],
  ['assert', 1],
  ['attend', 2],
  ['attention', 1],
  ['enter', 2],
  ['over', 2],
  ['refuse', 2],
  ['shut', 1],
  ['timeline', 1],
  ['to', 1],
  ['unknown', 0],
  ['unsupported', 1],
  ['wait', 2],
])

/** A state, a code or a key is one word; a sentence has a space. Words alone stay under test, wherever they stand. */
function isSentence(node) {
  if (node.type === 'StringLiteral') return node.value.includes(' ')
  return node.type === 'TemplateLiteral' && node.quasis.some((quasi) => quasi.value.raw.includes(' '))
}

function isForPeople(path) {
  const { node, parentPath } = path
  const parent = parentPath?.node
  switch (parent?.type) {
    case 'ConditionalExpression':
      return parent.test !== node && isForPeople(parentPath)
    case 'ObjectProperty':
      return parent.value === node && PROPERTIES.has(parent.key.name)
    case 'VariableDeclarator':
      return PROPERTIES.has(parent.id.name)
    case 'CallExpression':
    case 'NewExpression': {
      const name = parent.callee.name ?? parent.callee.property?.name
      return parent.arguments.indexOf(node) === ARGUMENTS.get(name)
    }
    default:
      return false
  }
}

/**
 * Leaves out mutants of sentences that only people read: another wording is no other behaviour. What a program reads (states,
 * codes, keys, event types) is one word and is never left out.
 */
const texts = {
  shouldIgnore(path) {
    return isSentence(path.node) && isForPeople(path) ? 'a sentence for people' : undefined
  },
}

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'texts', texts)]
