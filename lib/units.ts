/** A time or duration in milliseconds: fractional, never rounded to whole ones. */
export type Milliseconds = number
/** A size in bytes. */
export type Bytes = number

export const MiB: Bytes = 2 ** 20
