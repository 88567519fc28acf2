/** A mistake in what the user gave: shown as its message alone, without a stack. */
export class UsageError extends Error {}
