import { PerformanceError } from '../errors.ts'
import type { StoreHandle } from './store-handle.ts'

/**
 * Resolves when everything written before is on disk.
 *
 * @throws PerformanceError `ERR_STORE_WRITE` where something written since the last flush is not.
 */
export async function flushOrThrow(handle: StoreHandle): Promise<void> {
  const failure = await handle.flush()
  if (failure === null) return
  throw new PerformanceError(
    'ERR_STORE_WRITE',
    `What was written to the store in ${handle.folder} is not on disk: ${failure}`,
  )
}
