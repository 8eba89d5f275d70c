/** @import { Answer, Post } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Scope } from '../../../core/ports/records.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */

/** @typedef {<T>(path: string, options?: Post) => Promise<Answer<T>>} Ask */

/**
 * One of the pages. `contents` asks for what it shows and answers what it looks like to a key with these scopes; it is asked
 * again when something happened, and after `everyMs` at the latest. `splice` is what its buttons are about.
 *
 * @typedef {{ name: 'splices' | 'splice' | 'nodes', path: string, title: () => string, everyMs: number,
 *   contents: (ask: Ask, scopes: readonly Scope[]) => Promise<Answer<readonly Child[]>>,
 *   splice: () => SpliceView | null, older: () => void }} Page
 */

export {}
