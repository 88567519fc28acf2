export { PerformanceError } from './errors.ts'
export type { Bytes, Milliseconds } from './units.ts'
