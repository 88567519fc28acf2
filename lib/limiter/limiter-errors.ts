// What a limiter cannot do for anybody, however long they wait.

import { PerformanceError } from '../errors.ts'
import type { NativeRefusal } from '../native.ts'

const BUDGETS: Partial<Record<NativeRefusal['reason'], [tokens: string, option: string]>> = {
  tokens: ['tokens', 'tokensPerMinute'],
  'input-tokens': ['input tokens', 'inputTokensPerMinute'],
  'output-tokens': ['output tokens', 'outputTokensPerMinute'],
}

/** For a request that no minute has room for. */
export function requestTooLarge({ reason, limit, demand }: NativeRefusal): PerformanceError {
  const [tokens, option] = BUDGETS[reason] ?? [reason, reason]
  return new PerformanceError(
    'ERR_REQUEST_TOO_LARGE',
    `${demand} ${tokens} are more than \`${option}\` allows in a whole minute: ${limit}`,
  )
}

/** For a name that stands for other limits. `names` are those of both lists of numbers. */
export function otherLimits(name: string, names: string[], inForce: ArrayLike<number>, asked: ArrayLike<number>) {
  const differences = names.flatMap((limit, index) => {
    const [there, here] = [inForce[index], asked[index]]
    return there === here ? [] : [`\`${limit}\` is ${shown(limit, there)}, not ${shown(limit, here)}`]
  })
  return new PerformanceError(
    'ERR_LIMITER_NAME',
    `This process has a limiter named ${JSON.stringify(name)} with other limits: ${differences.join(', ')}`,
  )
}

function shown(limit: string, value: number | undefined): string {
  if (limit === 'guarantee') return value === 1 ? "'strict'" : "'balanced'"
  if (limit === 'allowOversize') return String(value === 1)
  return String(value)
}
