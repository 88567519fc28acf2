import { peerVersion } from '../peer.ts'

export const version: string = peerVersion('anthropic', { name: '@anthropic-ai/sdk', majors: [0, 1] })
