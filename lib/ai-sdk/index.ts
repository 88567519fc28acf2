import { peerVersion } from '../peer.ts'

export const version: string = peerVersion('ai-sdk', { name: 'ai', majors: [6, 7] })
