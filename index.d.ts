// Generated from lib/ by `npm run build`: change the declarations there.

/** Every failure of this package itself, as opposed to one of a function it was given, which is passed on untouched. */
declare class PerformanceError extends Error {
    /** A stable code, such as `ERR_SOURCE`; `docs/errors.md` lists them all. */
    readonly code: string;
    constructor(code: string, message: string, options?: ErrorOptions);
}

/** A time or duration in milliseconds: fractional, never rounded to whole ones. */
type Milliseconds = number;
/** A size in bytes. */
type Bytes = number;

export { PerformanceError };
export type { Bytes, Milliseconds };
