import { peerVersion } from '../peer.ts'

export const version: string = peerVersion('openai', { name: 'openai', majors: [6, 7] })
