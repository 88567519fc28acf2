import { peerVersion } from '../peer.ts'

export const version: string = peerVersion('keyv', { name: 'keyv', majors: [5, 6] })
