export * from '@aah/ai-evals-performance'
