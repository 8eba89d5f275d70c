import assets from './assets.json' with { type: 'json' }

/**
 * The text of the pages' scripts and styles. They are files of their own (`script/`, `style.css`, `docs.css`), of which
 * `npm run dashboard` makes the JSON that is imported here: so a bundle for Lambda has them in it.
 */
export const SCRIPT = assets.script.join('\n')
export const STYLE = assets.style.join('\n')
export const DOCS_SCRIPT = assets.docsScript.join('\n')
export const DOCS_STYLE = assets.docsStyle.join('\n')
