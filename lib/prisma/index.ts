import { peerVersion } from '../peer.ts'

export const version: string = peerVersion('prisma', { name: '@prisma/client', majors: [7] })
