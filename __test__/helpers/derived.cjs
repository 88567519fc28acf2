// Values that follow from their keys, so that whoever reads one can tell whether it is right.

/** A number from 0 to 2^32 − 1 that looks random (FNV-1a over UTF-16 units, with the finalizer of MurmurHash3). */
function hash(text) {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

/** A sequence of numbers from 0 to 1 that follows from its seed (mulberry32). */
function random(seed) {
  let state = hash(String(seed))
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The value of a key, from some bytes to some tens of kilobytes; another one for each version. */
function derived(key, version = 0) {
  const seed = hash(`${key} ${version}`)
  return { key, version, text: `${seed} `.repeat([1, 20, 200, 2_000][seed % 4]) }
}

/** Whether something read is a value of the key, of whatever version. */
function isDerived(key, value) {
  return JSON.stringify(value) === JSON.stringify(derived(key, value?.version))
}

module.exports = { derived, hash, isDerived, random }
