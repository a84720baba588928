import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'test/**/*.test.ts',
      'sdk/**/*.test.ts',
      'console/test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', 'test/interop/**'],
    // On a machine that others use too, a stalled timer can fail a test of time-outs; a fault fails three times.
    retry: process.env.CI ? 2 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more forks only fight over them (each may hold a PGlite of 300 MB).
    maxWorkers: 2,
    pool: 'forks',
  },
})
