import { kernelBase64 } from './kernel-bytes.ts'

/** See kernel/dot.ts. Addresses and lengths in bytes. */
export interface Kernel {
  memory: WebAssembly.Memory
  scan(query: number, rows: number, out: number, count: number, stride: number): void
  gather(
    query: number,
    rows: number,
    list: number,
    out: number,
    count: number,
    stride: number,
  ): void
}

const pageBytes = 65_536
let module: WebAssembly.Module | undefined

/** A kernel with a memory of its own, growing up to 4 GiB. */
export function makeKernel(): Kernel {
  module ??= new WebAssembly.Module(Buffer.from(kernelBase64, 'base64'))
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 })
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const { scan, gather } = exports as unknown as Pick<Kernel, 'scan' | 'gather'>
  return { memory, scan, gather }
}

/** Grows the memory to at least so many bytes. Views on it must be made anew afterwards. */
export function reserve(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
}
