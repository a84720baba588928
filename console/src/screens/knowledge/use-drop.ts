import { type DragEvent, useRef, useState } from 'react'

/** Files that are dragged over the page, and dropped on it. */
export function useDrop(enabled: boolean, onFiles: (files: File[]) => void) {
  const [over, setOver] = useState(false)
  const depth = useRef(0)
  const carriesFiles = (event: DragEvent) =>
    enabled && Array.from(event.dataTransfer.types).includes('Files')
  const leave = () => {
    depth.current = Math.max(0, depth.current - 1)
    if (depth.current === 0) setOver(false)
  }
  const handlers = {
    onDragEnter: (event: DragEvent) => {
      if (!carriesFiles(event)) return
      depth.current++
      setOver(true)
    },
    onDragOver: (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault()
    },
    onDragLeave: leave,
    onDrop: (event: DragEvent) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      depth.current = 0
      setOver(false)
      onFiles(Array.from(event.dataTransfer.files))
    },
  }
  return { over, handlers }
}
