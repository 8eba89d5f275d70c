import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { bumped, firstRun, reorganised, secondRun } from './demo/bumps.ts'
import { NotConfirmed } from './demo/narrator.ts'
import { Stage } from './demo/stage.ts'
import { failed, forgotten, leftAlone, replayed, resubmitted, settled } from './demo/story.ts'
import { textOf } from './problem.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Plays the story on its own product. Throws if a claim is not confirmed. */
async function play(dataDir: string): Promise<void> {
  print('Starting the local product: its own data, free ports, a simulated node, blocks only by command.')
  const product = await startChild(dataDir, { BLOCK_SECONDS: '0', NODES_FILE: '' })
  try {
    const stage = new Stage(product, print)
    const { order, splice } = await forgotten(stage)
    await resubmitted(stage, splice)
    await settled(stage, splice)
    await leftAlone(stage, splice)
    await failed(stage)
    await replayed(stage, order, splice)
    await bumped(stage, firstRun)
    await reorganised(stage, await bumped(stage, secondRun))
    print(`\nAll ${stage.narrator.confirmed} claims confirmed in ${stage.narrator.seconds.toFixed(0)} s.`)
  } catch (error) {
    print(`\nWhat the product printed:\n${product.output()}`)
    throw error
  } finally {
    await product.end('SIGINT')
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'splicekeeper-demo-'))
try {
  await play(dataDir)
} catch (error) {
  const message = error instanceof NotConfirmed ? `NOT confirmed: ${error.message}` : textOf(error)
  process.stderr.write(`\n${message}\n`)
  process.exitCode = 1
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
