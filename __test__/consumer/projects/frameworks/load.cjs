const results = {}
for (const name of ['ai-sdk', 'anthropic', 'keyv', 'openai', 'prisma']) {
  try {
    results[name] = Object.keys(require(`@aah/ai-evals-performance/${name}`)).length > 0
  } catch (error) {
    results[name] = `${error.code}: ${error.message}`
  }
}
console.log(JSON.stringify(results))
