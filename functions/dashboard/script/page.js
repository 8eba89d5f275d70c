/** @import { Answer, Post } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Scope } from '../../../core/ports/records.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */

/** @typedef {<T>(path: string, options?: Post) => Promise<Answer<T>>} Ask */

/**
 * A page of the dashboard. `contents` loads the data and renders it for a key with these scopes. It runs
 * again after every event, and at least every `everyMs`. `splice` is the splice that the page's buttons act
 * on.
 *
 * @typedef {{ name: 'splices' | 'splice' | 'nodes', path: string, title: () => string, everyMs: number,
 *   contents: (ask: Ask, scopes: readonly Scope[]) => Promise<Answer<readonly Child[]>>,
 *   splice: () => SpliceView | null, older: () => void }} Page
 */

export {}
