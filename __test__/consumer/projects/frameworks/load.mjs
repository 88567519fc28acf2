import { createRequire } from 'node:module'

const results = {}
for (const name of ['ai-sdk', 'anthropic', 'keyv', 'openai', 'prisma']) {
  try {
    const module = await import(`@aah/ai-evals-performance/${name}`)
    const required = createRequire(import.meta.url)(`@aah/ai-evals-performance/${name}`)
    results[name] = module.default === required && Object.keys(required).every((key) => module[key] === required[key])
  } catch (error) {
    results[name] = `${error.code}: ${error.message}`
  }
}
console.log(JSON.stringify(results))
