/** A generator of numbers in [0, 1) that always gives the same ones for the same parts (FNV-1a, then mulberry32). */
export function randomFor(...parts: (string | number)[]): () => number {
  let state = 0x811c9dc5
  for (const character of parts.join('\u0000')) {
    state = Math.imul(state ^ (character.codePointAt(0) as number), 0x01000193)
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Log-normally distributed: half of the values lie below `median`, and `spread` is the deviation of their logarithm. */
export function logNormal(random: () => number, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(spread * normal)
}

export function pick<T>(random: () => number, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T
}
