export { PerformanceError } from './errors.ts'
