/** Something that stands for a cache and whose every method throws. */
export function failing(error: Error) {
  const fail = () => {
    throw error
  }
  return { clear: fail, removeExpired: fail, getStats: fail }
}

/** What no timer can be set to. */
export const badIntervals = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]
