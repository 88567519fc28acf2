import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { vi } from 'vitest'

/** Lets `duration` milliseconds pass on the fake clock. */
export const pass = (duration: number) => vi.advanceTimersByTime(duration)

/** Measures the components with these durations. */
export function fill(monitor: PerformanceMonitor, components: Record<string, number[]>): void {
  for (const [name, durations] of Object.entries(components)) {
    for (const duration of durations) monitor.measureSync(name, () => pass(duration))
  }
}

/** A monitor in which the components were measured with these durations. */
export function monitorOf(components: Record<string, number[]>): PerformanceMonitor {
  const monitor = new PerformanceMonitor()
  fill(monitor, components)
  return monitor
}
