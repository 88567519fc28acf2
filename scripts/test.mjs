// `npm test`: builds what is stale, runs the Rust tests and the JavaScript tests, and adds up what they counted.
// A test that exists but did not run is a failure: a filter or a forgotten `mod tests` must not pass for success.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import './setup.mjs'
import { root } from './steps.mjs'

const problems = []
const rust = await testRust()
const javascript = await testJavaScript()

const passed = rust.passed + javascript.passed
const failed = rust.failed + javascript.failed + problems.length
for (const problem of problems) console.error(`✗ ${problem}`)
console.log(`\nRust: ${rust.passed} passed, ${rust.failed} failed`)
console.log(`JavaScript: ${javascript.passed} passed, ${javascript.failed} failed`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function testRust() {
  const { status, output } = await show('cargo', ['test', '--workspace', '--no-fail-fast'])
  const count = { passed: 0, failed: 0 }
  for (const [, good, bad] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)) {
    count.passed += Number(good)
    count.failed += Number(bad)
  }
  const written = filesBelow('crates', '.rs')
    .map((file) => readFileSync(file, 'utf8').match(/^\s*#\[test\]/gm)?.length ?? 0)
    .reduce((sum, tests) => sum + tests, 0)
  if (count.passed + count.failed < Math.max(written, 1)) {
    problems.push(`cargo ran ${count.passed + count.failed} tests, but ${written} are written`)
  }
  if (status !== 0 && count.failed === 0) problems.push(`cargo test ended with exit code ${status}`)
  return count
}

async function testJavaScript() {
  const folder = mkdtempSync(join(tmpdir(), 'ai-evals-test-'))
  try {
    const results = join(folder, 'results.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
    const vitest = join('node_modules', 'vitest', 'vitest.mjs')
    const { status } = await show(process.execPath, [vitest, 'run', ...reporters])
    const report = readReport(results)
    const files = filesBelow('__test__', '.spec.ts').filter((file) => !file.includes(join('consumer', 'projects')))
    const missing = files.filter((file) => !report.testResults.some((result) => ran(result, file)))
    for (const file of missing) problems.push(`${relative(root, file)} ran no test`)
    if (report.numPassedTests === 0) problems.push('vitest ran no test')
    if (status !== 0 && report.numFailedTests === 0) problems.push(`vitest ended with exit code ${status}`)
    return { passed: report.numPassedTests, failed: report.numFailedTests }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether the file was loaded and its tests were found; one that has to skip prints its reason itself. */
function ran(result, file) {
  return join(result.name) === file && result.assertionResults.length > 0
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { testResults: [], numPassedTests: 0, numFailedTests: 0 }
  }
}

/** Runs a program with its output shown as it comes, and returns that output too. */
function show(command, args) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.on('data', (chunk) => {
      output += chunk
      process.stdout.write(chunk)
    })
    child.on('error', (error) => resolve({ status: error.message, output }))
    child.on('close', (status) => resolve({ status, output }))
  })
}

function filesBelow(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(root, folder, name))
}
