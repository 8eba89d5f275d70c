import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Bundles a script with its modules, unminified, so that a browser loads it with one request. */
async function scriptLines(entry: string): Promise<string[]> {
  const { outputFiles } = await build({
    absWorkingDir: pathOf('.'),
    entryPoints: [`script/${entry}`],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    charset: 'utf8',
    write: false,
    logLevel: 'silent',
  })
  return (outputFiles[0]?.text ?? '').split('\n')
}

const linesOf = (name: string): string[] => readFileSync(pathOf(name), 'utf8').split('\n')

/** The content of `assets.json`. */
export async function assetsText(): Promise<string> {
  const assets = {
    script: await scriptLines('main.js'),
    style: linesOf('style.css'),
    docsScript: await scriptLines('docs.js'),
    docsStyle: linesOf('docs.css'),
  }
  return `${JSON.stringify(assets, null, 1)}\n`
}

if (import.meta.main) writeFileSync(pathOf('assets.json'), await assetsText())
