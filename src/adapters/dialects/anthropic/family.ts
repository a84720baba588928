export const family = 'anthropic'
