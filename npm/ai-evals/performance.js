'use strict'

module.exports = require('@aah/ai-evals-performance')
