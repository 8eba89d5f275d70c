import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The modules of `script/` put into one, which a browser loads with one request. Nothing else is done to them. */
async function scriptText(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: pathOf('.'),
    entryPoints: ['script/main.js'],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    charset: 'utf8',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** What `assets.json` has to say. */
export async function assetsText(): Promise<string> {
  const script = (await scriptText()).split('\n')
  const style = readFileSync(pathOf('style.css'), 'utf8').split('\n')
  return `${JSON.stringify({ script, style }, null, 1)}\n`
}

if (import.meta.main) writeFileSync(pathOf('assets.json'), await assetsText())
