export const family = 'openai-responses'
