// The other side of `program.ts`: runs the functions it is sent, in a process or a worker thread of its own.

const { parentPort, threadId, Worker } = require('node:worker_threads')
const { runInThisContext } = require('node:vm')
const derived = require('./derived.cjs')

const say = parentPort ? (message) => parentPort.postMessage(message) : (message) => process.send(message)

/** What each function is given besides its data; `state` is kept from one to the next. */
const context = {
  ...derived,
  require,
  state: {},
  say: (message) => say({ said: message }),
  inThread,
  get api() {
    return require('@aah/ai-evals-performance')
  },
  get whoami() {
    return `${process.pid}-${threadId}`
  },
}

async function answer({ id, source, data } = {}) {
  if (id === undefined) return parentPort.close()
  try {
    const run = runInThisContext(`(${source})`)
    say({ id, value: await run(data, context) })
  } catch (error) {
    say({ id, error: { message: String(error?.message), code: error?.code, stack: error?.stack } })
  }
}

/** Calls a function, given as text, in a new thread of this program. */
async function inThread(source, data) {
  const worker = new Worker(__filename)
  const answered = new Promise((resolve, reject) => {
    worker.on('message', ({ id, value, error, said }) => {
      if (id === undefined) say({ said })
      else if (error) reject(Object.assign(new Error(error.message), error))
      else resolve(value)
    })
    worker.on('error', reject)
  })
  worker.postMessage({ id: 0, source, data })
  try {
    return await answered
  } finally {
    await worker.terminate()
  }
}

if (parentPort) parentPort.on('message', answer)
else process.on('message', answer)
