import { peerVersion } from '../peer.ts'

peerVersion('prisma', { name: '@prisma/client', majors: [7] })

export { type CachedOperation, type ModelOf, type QueryCacheOptions, withQueryCache } from './with-query-cache.ts'
