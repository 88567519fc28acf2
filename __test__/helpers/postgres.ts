// A private PostgreSQL cluster in a temporary folder: on a free port of the loopback, everybody trusted, nothing synced.
//
// A small shell guards the server. Its input is a pipe that ends with this process, however that ends; then it stops the
// server and removes the folder.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'

/** Where Debian's packages keep the programs, which are not on the PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** Somebody may take the port that we found free before the server does. */
const PORTS_TRIED = 5

/** Given: the programs' folder, ours, the port, the configuration. A line of input ends the server but keeps the folder. */
const GUARD = `
if ! [ -d "$2/data" ]; then
  "$1/initdb" -D "$2/data" --auth=trust --username=postgres --encoding=UTF8 --no-locale --no-sync > "$2/initdb" 2>&1 &&
  printf '%s\\n' "$4" >> "$2/data/postgresql.conf" || cat "$2/initdb" >&2
fi
"$1/postgres" -D "$2/data" -p "$3" -k "$2" < /dev/null &
server=$!
read -r keep
kill -s QUIT "$server" 2> /dev/null
wait "$server"
[ -n "$keep" ] || rm -rf "$2"
`

const SETTINGS = [
  ...["listen_addresses = '127.0.0.1'", 'fsync = off', 'synchronous_commit = off', 'full_page_writes = off'],
  // A file of the folder, where a killed server leaves no memory behind.
  'dynamic_shared_memory_type = mmap',
  ...['shared_buffers = 16MB', 'max_wal_senders = 0', 'wal_level = minimal', "timezone = 'UTC'"],
]

/** A running server. */
export interface Postgres {
  /** Of a database that is there from the start. */
  readonly url: string
  readonly port: number
  /** Makes an empty database and says its URL. */
  createDatabase(name: string): Promise<string>
  /** Ends the connections of everybody, as an administrator would, and says how many. */
  terminateConnections(): Promise<number>
  /** Ends the server at once, in the middle of whatever it does. `restart` brings it back. */
  crash(): Promise<void>
  /** Starts a crashed server on the same port, with the databases it had. */
  restart(): Promise<void>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** More lines of the server's configuration, such as `max_connections = 5`. */
  settings?: string[]
}

const programs = findPrograms()

/** Why there is no server to test with, or nothing. */
export const noPostgres: string | undefined =
  programs === undefined ? `PostgreSQL is installed neither in ${DEBIAN} nor on the PATH` : undefined

if (noPostgres !== undefined) console.warn(`Tests are skipped: ${noPostgres}`)

/** Starts a server, which takes a second or two. */
export async function startPostgres({ settings = [] }: PostgresOptions = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'ai-evals-pg-'))
  for (let tries = 1; ; tries += 1) {
    const server = new Server(folder, await freePort(), [...SETTINGS, ...settings])
    try {
      await server.start()
      return server
    } catch (error) {
      const isTaken = /could not bind|Address already in use/.test(String(error))
      if (tries === PORTS_TRIED || !isTaken) {
        await server.stop()
        throw error
      }
      await server.crash()
    }
  }
}

class Server implements Postgres {
  readonly port: number
  readonly #folder: string
  readonly #configuration: string
  #guard: ChildProcessWithoutNullStreams | undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(folder: string, port: number, settings: string[]) {
    this.#folder = folder
    this.port = port
    this.#configuration = settings.join('\n')
  }

  get url(): string {
    return this.#urlOf('postgres')
  }

  #urlOf(database: string): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`
  }

  /** Resolves when the server takes connections. */
  start(): Promise<void> {
    const owner = unprivileged()
    if (owner.uid !== undefined) chownSync(this.#folder, owner.uid, owner.gid as number)
    const args = [programs as string, this.#folder, String(this.port), this.#configuration]
    const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', ...args], {
      ...owner,
      cwd: this.#folder,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      // An interrupt from the keyboard is for the tests; the server ends with them.
      detached: true,
    })
    this.#guard = guard
    guard.stdin.on('error', () => {})
    return new Promise((resolve, reject) => {
      let said = ''
      let isReady = false
      const listen = (chunk: Buffer) => {
        if (isReady) return
        said += chunk
        isReady = said.includes('database system is ready to accept connections')
        if (isReady) resolve()
        else if (/FATAL|initdb: error/.test(said)) reject(new Error(`PostgreSQL did not start: ${said}`))
      }
      guard.stderr.on('data', listen)
      guard.stdout.on('data', listen)
      guard.on('error', reject)
      this.#ended = new Promise((ended) => guard.on('close', () => ended()))
      guard.on('close', () => reject(new Error(`PostgreSQL did not start: ${said}`)))
    })
  }

  async createDatabase(name: string): Promise<string> {
    await this.#ask((client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`))
    return this.#urlOf(name)
  }

  async terminateConnections(): Promise<number> {
    const { rowCount } = await this.#ask((client) =>
      client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`),
    )
    return rowCount ?? 0
  }

  async #ask<R>(question: (client: Client) => Promise<R>): Promise<R> {
    const client = new Client({ connectionString: this.url })
    await client.connect()
    try {
      return await question(client)
    } finally {
      await client.end()
    }
  }

  async crash(): Promise<void> {
    this.#guard?.stdin.end('keep\n')
    await this.#ended
  }

  async restart(): Promise<void> {
    await this.start()
  }

  async stop(): Promise<void> {
    this.#guard?.stdin.end()
    await this.#ended
    // The guard of a crashed server had left the folder.
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The folder of the newest server there is. */
function findPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = versions.map((version) => join(DEBIAN, version, 'bin'))
  folders.push(...(process.env.PATH ?? '').split(delimiter))
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

/** A server refuses to run as root: somebody who may do nothing. */
function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((what) => spawnSync('id', [what, name], { encoding: 'utf8' }).stdout)
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
