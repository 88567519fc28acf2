// The server that other tests run against leaves nothing behind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { noPostgres, type Postgres, startPostgres } from './helpers/postgres.ts'
import { until } from './helpers/program.ts'

const servers: Postgres[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function answerOf(connectionString: string, question: string): Promise<any> {
  const client = new Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    return Object.values((await client.query(question)).rows[0])[0]
  } finally {
    await client.end()
  }
}

describe.skipIf(noPostgres !== undefined)('a private server', { timeout: 60_000 }, () => {
  test('has databases of its own, outlives a crash with them, and is gone when it is stopped', async () => {
    const server = await startPostgres({ settings: ['max_connections = 7'] })
    servers.push(server)
    const url = await server.createDatabase('a "name"')
    expect(await answerOf(url, 'SELECT current_database()')).toBe('a "name"')
    expect(await answerOf(url, 'SHOW max_connections')).toBe('7')
    const folder = join(await answerOf(url, 'SHOW data_directory'), '..')

    await server.crash()
    await expect(answerOf(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.restart()
    expect(await answerOf(url, 'SELECT current_database()')).toBe('a "name"')

    await server.stop()
    expect(existsSync(folder)).toBe(false)
    await expect(answerOf(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a stopped server leaves nothing, also where it had crashed', async () => {
    const server = await startPostgres()
    const folder = join(await answerOf(server.url, 'SHOW data_directory'), '..')
    await server.crash()
    expect(existsSync(folder)).toBe(true)
    await server.stop()
    expect(existsSync(folder)).toBe(false)
  })

  test('ends the connections of others', async () => {
    const server = await startPostgres()
    servers.push(server)
    const client = new Client({ connectionString: server.url })
    await client.connect()
    const failed = once(client, 'error')
    client.on('error', () => {})
    expect(await server.terminateConnections()).toBe(1)
    expect((await failed)[0]).toMatchObject({ code: '57P01' })
  })

  test('goes with a test process that is killed', async () => {
    const program = `
      const { startPostgres } = require(${JSON.stringify(join(__dirname, 'helpers/postgres.ts'))})
      const { Client } = require('pg')
      startPostgres().then(async ({ url }) => {
        const client = new Client({ connectionString: url })
        await client.connect()
        const { data_directory } = (await client.query('SHOW data_directory')).rows[0]
        console.log(JSON.stringify({ url, data_directory }))
      })
    `
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', program], {
      cwd: join(__dirname, '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(child.stdout, 'data')
    const { url, data_directory } = JSON.parse(String(line))
    expect(existsSync(data_directory)).toBe(true)
    child.kill('SIGKILL')
    await until(() => !existsSync(join(data_directory, '..')), 'the folder is removed')
    await expect(answerOf(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
