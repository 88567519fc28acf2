// The package's entry points besides `index`: one for each framework or client that it works with, named as users import
// them. `lib/NAME/index.ts` becomes dist/NAME.js and types/NAME.d.ts.

export const subpaths = ['ai-sdk', 'anthropic', 'keyv', 'openai', 'prisma']
