/** What `await using` calls. The oldest versions of Node.js that we support have no such symbol; compilers use this one. */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose)
