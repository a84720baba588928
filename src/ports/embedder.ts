export interface Embedder {
  readonly version: 'embedder/1'
  /** Name of the model as stored beside each vector: `all-minilm-l6-v2`. */
  readonly id: string
  /** Digest of the model files: vectors of different digests are never mixed. */
  readonly digest: string
  readonly dimensions: number
  /** Unit-length vectors, one per text, in order. Texts beyond the model's window are cut. */
  embedPassages(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>
  embedQuery(text: string, signal?: AbortSignal): Promise<Float32Array>
  close(): Promise<void>
}
