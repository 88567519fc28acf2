import * as aiSdk from '@aah/ai-evals-performance/ai-sdk'
import * as anthropic from '@aah/ai-evals-performance/anthropic'
import * as keyv from '@aah/ai-evals-performance/keyv'
import * as openai from '@aah/ai-evals-performance/openai'

export const all: object[] = [aiSdk, anthropic, keyv, openai]
