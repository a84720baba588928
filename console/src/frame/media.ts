import { useSyncExternalStore } from 'react'

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
  )
}

/** A telephone, or a window as narrow. */
export const useNarrow = () => useMedia('(max-width: 767px)')
/** Room for a second column beside the page. */
export const useWide = () => useMedia('(min-width: 1100px)')

/** Room for a third. */
export const useExtraWide = () => useMedia('(min-width: 1600px)')

export function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener)
      addEventListener('offline', listener)
      return () => {
        removeEventListener('online', listener)
        removeEventListener('offline', listener)
      }
    },
    () => navigator.onLine,
  )
}
