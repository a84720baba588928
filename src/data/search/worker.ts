import { parentPort, workerData } from 'node:worker_threads'
import type { RequestEnvelope } from './protocol.ts'
import { SearchRoom } from './room.ts'

// The entry of a search worker: one request at a time, merging in the pauses between them.
const port = parentPort!
const room = new SearchRoom(workerData as { memoryBytes: number })
let resting = true

port.on('message', ({ id, request }: RequestEnvelope) => {
  const { reply, transfer } = room.answer(id, request)
  port.postMessage(reply, transfer)
  if (resting) {
    resting = false
    setImmediate(tidy)
  }
})

function tidy(): void {
  resting = !room.maintain()
  if (!resting) setImmediate(tidy)
}
