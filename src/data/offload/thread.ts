import { parentPort } from 'node:worker_threads'
import { PlinthError } from '#kernel'
import type { TaskReply, TaskRequest } from './offload.ts'
import { tasks } from './tasks.ts'

const port = parentPort
if (!port) throw new Error('thread.ts runs as a worker thread')

port.on('message', async ({ id, task, input }: TaskRequest) => {
  try {
    const output = await (tasks[task] as (input: unknown) => unknown)(input)
    port.postMessage({ id, output } satisfies TaskReply)
  } catch (error) {
    const plain =
      error instanceof PlinthError
        ? {
            plinth: {
              code: error.code,
              detail: error.message,
              ...(error.where ? { where: error.where } : {}),
            },
          }
        : error
    port.postMessage({ id, error: plain } satisfies TaskReply)
  }
})
