// Which kernel a notebook has.

import type { JupyterSession, Kernel, LiveRoom, ServerTables } from '@rtstore/client'
import { useServerTable } from '@rtstore/react'

export function kernelOf(server: LiveRoom<ServerTables>, path: string): Kernel | undefined {
  const sessions = [...(server.tables.sessions?.values() ?? [])]
  const session = sessions.find((one) => one.path === path)
  return server.get('kernels', session?.kernel_id ?? '')
}

/** The notebook's session and its kernel, as they are now. */
export function useKernelOf(path: string): {
  session: JupyterSession | undefined
  kernel: Kernel | undefined
} {
  const { data: session } = useServerTable('sessions', (rows) =>
    [...rows.values()].find((one) => one.path === path)
  )
  const { data: kernel } = useServerTable('kernels', (rows) => rows.get(session?.kernel_id ?? ''))
  return { session, kernel }
}
