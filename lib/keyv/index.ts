import { peerVersion } from '../peer.ts'

peerVersion('keyv', { name: 'keyv', majors: [5, 6] })

export { KeyvStore, type KeyvStoreEntry, type KeyvStoreOptions } from './keyv-store.ts'
