import { expect, test } from 'vitest'
import { chat, clientsOf, message } from '../src/clients.js'

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }

test('the official clients ask once', async () => {
  const asked: string[] = []
  const clients = clientsOf(async (url) => {
    const path = new URL(String(url)).pathname
    const text = `answer ${asked.push(path)}`
    const body = path.endsWith('/messages')
      ? {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [{ type: 'text', text }],
          stop_reason: 'end_turn',
          usage: { input_tokens: 1, output_tokens: 1 },
        }
      : {
          id: 'c',
          object: 'chat.completion',
          created: 0,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
          usage,
        }
    return Response.json(body)
  })
  expect(await chat(clients, 'a')).toEqual({ text: 'answer 1', isCached: false })
  expect(await chat(clients, 'a')).toEqual({ text: 'answer 1', isCached: true })
  expect(await chat(clients, 'a', 1)).toEqual({ text: 'answer 2', isCached: false })
  expect(await message(clients, 'a')).toEqual({ text: 'answer 3', isCached: false })
  expect(await message(clients, 'a')).toEqual({ text: 'answer 3', isCached: true })
  expect(asked).toEqual(['/v1/chat/completions', '/v1/chat/completions', '/v1/messages'])
})
