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
    // A test that passes at its second try is a fault: of the test, or of what it tests.
    retry: 0,
    // Time limits end what hangs. None is a measure: on a busy machine everything takes twenty times as long.
    testTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 300_000,
    // Two cores: more forks only fight over them (each may hold a PGlite of 300 MB).
    maxWorkers: 2,
    pool: 'forks',
  },
})
