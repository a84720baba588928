import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const server = process.env.PLINTH_URL ?? 'http://127.0.0.1:4300'

export default defineConfig({
  plugins: [react(), tailwindcss(), pdfAssets(), precompressed()],
  build: {
    target: 'es2023',
    // The content security policy allows no data: scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': server } },
})

/** What pdf.js loads by itself: character maps, the 14 standard fonts, and decoders where WebAssembly is off. */
function pdfAssets(): Plugin {
  const root = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))
  return {
    name: 'plinth:pdf-assets',
    apply: 'build',
    generateBundle() {
      for (const folder of ['cmaps', 'standard_fonts', 'wasm', 'iccs']) {
        for (const file of readdirSync(join(root, folder))) {
          const source = readFileSync(join(root, folder, file))
          this.emitFile({ type: 'asset', fileName: `pdf/${folder}/${file}`, source })
        }
      }
    },
  }
}

const textual = new Set(['.css', '.html', '.js', '.mjs', '.svg'])
const worthBytes = 1024

/** Beside each file its compressed form, so that the server sends it as it lies. */
function precompressed(): Plugin {
  return {
    name: 'plinth:precompressed',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      for (const { fileName } of Object.values(bundle)) {
        if (!textual.has(extname(fileName))) continue
        const content = readFileSync(join(dir, fileName))
        if (content.length < worthBytes) continue
        writeFileSync(join(dir, `${fileName}.br`), brotliCompressSync(content))
        writeFileSync(join(dir, `${fileName}.gz`), gzipSync(content, { level: 9 }))
      }
    },
  }
}
