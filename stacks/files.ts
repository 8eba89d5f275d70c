import { cp } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Copies files of this project into the folder of a bundle, each under its own path. (SST's `copyFiles` packs a file that is
 * named by itself twice.) SST runs in the root of the project.
 */
export async function putBeside(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await cp(file, join(folder, file))
}
