import { integerOption } from '../arguments.ts'

/** By this header a call says which answer it means; it is never sent. */
export const SAMPLE_HEADER = 'x-ai-evals-sample'

/**
 * Asks for the `number`-th answer to a request, an integer ≥ 0: each is asked for once, and kept on its own. These are
 * headers for the options of a call, which are not sent: `create(body, { headers: sample(2) })`.
 *
 * @throws TypeError, RangeError for anything but an integer ≥ 0
 */
export function sample(number: number): Record<string, string> {
  return { [SAMPLE_HEADER]: String(integerOption('number', number, 0, 0)) }
}
