import { peerVersion } from '../peer.ts'

peerVersion('prisma', { name: '@prisma/client', majors: [7] })

export { createPool, type ManagedPool } from './pool.ts'
export type { PoolStats, PoolTimes } from './pool-figures.ts'
export { type MonitorPoolOptions, monitorPool, type PoolMonitoring } from './pool-monitor.ts'
export type { PoolOptions } from './pool-options.ts'
export { type CachedOperation, type ModelOf, type QueryCacheOptions, withQueryCache } from './with-query-cache.ts'
