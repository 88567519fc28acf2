// The one place that names the native addon's loader: `../binding.js` is its path from lib/ and from dist/ alike.
export * from '../binding.js'
