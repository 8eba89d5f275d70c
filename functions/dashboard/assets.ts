import assets from './assets.json' with { type: 'json' }

/**
 * The scripts and styles of the pages, as text. `npm run dashboard` builds the imported JSON from `script/`,
 * `style.css` and `docs.css`, so that a Lambda bundle includes them.
 */
export const SCRIPT = assets.script.join('\n')
export const STYLE = assets.style.join('\n')
export const DOCS_SCRIPT = assets.docsScript.join('\n')
export const DOCS_STYLE = assets.docsStyle.join('\n')
