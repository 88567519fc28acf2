export { PerformanceError } from './errors.ts'
export { Measure } from './monitor/measure.ts'
export { PerformanceMonitor, performanceMonitor } from './monitor/performance-monitor.ts'
export type {
  Bottleneck,
  BottleneckThresholds,
  ComponentTiming,
  PerformanceBaseline,
  PerformanceMeasurement,
  PerformanceRegression,
  PerformanceReport,
  RegressionThresholds,
} from './monitor/types.ts'
export type { Bytes, Milliseconds } from './units.ts'
