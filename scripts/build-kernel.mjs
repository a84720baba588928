// Compiles src/data/search/kernel/dot.ts (AssemblyScript) to the constant in kernel-bytes.ts.
// `node scripts/build-kernel.mjs` writes it; a test compiles again and compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = new URL('../src/data/search/', import.meta.url)

/** The compiled kernel in base64. */
export async function compileKernel() {
  const source = readFileSync(new URL('kernel/dot.ts', folder), 'utf8')
  let bytes
  const { error, stderr } = await asc.main(
    [
      'dot.ts',
      '--outFile',
      'dot.wasm',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '-O3',
      '--noAssert',
      '--importMemory',
    ],
    {
      readFile: (name) => (name === 'dot.ts' ? source : null),
      writeFile: (name, contents) => {
        if (name === 'dot.wasm') bytes = contents
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
  return Buffer.from(bytes).toString('base64')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const base64 = await compileKernel()
  const lines = base64.match(/.{1,90}/g).map((line) => `  '${line}',`)
  writeFileSync(
    new URL('kernel-bytes.ts', folder),
    `// Made by scripts/build-kernel.mjs from kernel/dot.ts. Do not edit.\n` +
      `export const kernelBase64 = [\n${lines.join('\n')}\n].join('')\n`,
  )
}
