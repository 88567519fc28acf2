import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Failure } from './failure.ts'

const DEFAULT_FOLDER = '.ai-evals-cache'

/** The folder that is meant: `--store`, else the environment, else the usual one here. */
export function storeFolder(option: string | undefined): string {
  return resolve(option ?? (process.env.AI_EVALS_STORE || DEFAULT_FOLDER))
}

/** Refuses to look at a store that is not there, because opening one makes it. */
export function requireStore(folder: string): void {
  if (existsSync(join(folder, 'store.sqlite'))) return
  const what = existsSync(folder) ? 'the folder holds no store.sqlite' : 'there is no such folder'
  throw new Failure(`No store in ${folder}: ${what}. Name the store's folder by --store FOLDER or AI_EVALS_STORE.`)
}
