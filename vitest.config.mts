import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['__test__/**/*.spec.ts'],
    // The memory tests collect garbage before they look at the heap.
    execArgv: ['--expose-gc'],
    pool: 'forks',
  },
})
