import { cp } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Copies files of this project into the folder of a bundle, under the same paths. Paths are relative to the
 * root of the project, where SST runs. SST's own `copyFiles` would pack a single file twice.
 */
export async function putBeside(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await cp(file, join(folder, file))
}
