// The notebook's kernel: what it does, and which it is.

import type { Kernel, Kernelspec } from '@rtstore/client'
import { useDocumentState, useKernels, useServerTable, useStore } from '@rtstore/react'
import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'

import { useKernelOf } from './kernels.js'
import { useAttempt } from './Notices.js'

export function KernelMenu(): ReactNode {
  const path = useDocumentState((one) => one.path)
  const { kernel } = useKernelOf(path)
  const names = useSpecNames()
  const [isOpen, setOpen] = useState(false)
  const menu = useRef<HTMLDivElement>(null)
  useLeaving(menu, isOpen, () => setOpen(false))
  const name = kernel ? (names.get(kernel.name) ?? kernel.name) : 'No kernel'
  return (
    <div className="kernel" ref={menu}>
      <button
        className="plain"
        aria-expanded={isOpen}
        aria-label={`Kernel: ${name}, ${kernel?.state ?? 'not started'}`}
        title={startsOf(kernel)}
        onClick={() => setOpen((before) => !before)}
      >
        <span className="dot" data-state={kernel?.state ?? 'none'} />
        <span className="name">{name}</span>
      </button>
      {isOpen && <Choices path={path} onDone={() => setOpen(false)} />}
    </div>
  )
}

function Choices({ path, onDone }: { path: string; onDone(): void }): ReactNode {
  const store = useStore()
  const attempt = useAttempt()
  const { session, kernel } = useKernelOf(path)
  const names = useSpecNames()
  const { data: kernels = [] } = useKernels()
  const does = (action: string, params: object) => () => {
    onDone()
    attempt(() => store.request(action, params))
  }
  /** Of this notebook: another kernel in its session, or a session at all. */
  const use = (choice: { kernel_name: string } | { kernel_id: string }) =>
    session
      ? does('session.change', { session_id: session.id, ...choice })
      : does('session.create', { path, ...choice })
  const others = kernels.filter((one) => one.id !== kernel?.id)
  return (
    <div className="choices" role="group" aria-label="Kernel">
      {kernel && <Now kernel={kernel} does={does} />}
      <h3>{kernel ? 'Change to a new one' : 'Start'}</h3>
      {[...names].map(([name, shown]) => (
        <button key={name} className="plain" onClick={use({ kernel_name: name })}>
          {shown}
        </button>
      ))}
      {others.length > 0 && <h3>Use one that runs</h3>}
      {others.map((one) => (
        <button key={one.id} className="plain" onClick={use({ kernel_id: one.id })}>
          <span className="dot" data-state={one.state} />
          {one.path || names.get(one.name) || one.name}
        </button>
      ))}
    </div>
  )
}

function Now(props: {
  kernel: Kernel
  does(action: string, params: object): () => void
}): ReactNode {
  const { kernel, does } = props
  const params = { kernel_id: kernel.id }
  const run = kernel.run
  return (
    <>
      <p className="quiet">
        {run ? `${run.name || run.user || 'Somebody'} runs a cell` : `The kernel is ${kernel.state}`}
        {kernel.waiting > 1 && `, ${kernel.waiting - 1} more wait`}
      </p>
      <div className="row">
        <button onClick={does('kernel.interrupt', params)}>Interrupt</button>
        <button onClick={does('kernel.restart', params)}>Restart</button>
        <button onClick={does('kernel.shutdown', params)}>Shut down</button>
      </div>
    </>
  )
}

function startsOf(kernel: Kernel | undefined): string | undefined {
  return kernel && kernel.starts > 1 ? `Started ${kernel.starts} times` : undefined
}

/** Names of kernelspecs, and how they are shown; the default one first. */
function useSpecNames(): Map<string, string> {
  const { data } = useServerTable('kernelspecs', (specs) =>
    [...specs.values()].sort(byDefault).map(({ name, spec }): [string, string] => {
      return [name, String(spec['display_name'] ?? name)]
    })
  )
  return new Map(data)
}

function byDefault(one: Kernelspec, other: Kernelspec): number {
  return Number(other.is_default) - Number(one.is_default) || one.name.localeCompare(other.name)
}

/** Call `leave` on a click elsewhere, and on Escape. */
function useLeaving(
  menu: RefObject<HTMLElement | null>,
  isOpen: boolean,
  leave: () => void
): void {
  const now = useRef(leave)
  now.current = leave
  useEffect(() => {
    if (!isOpen) return
    const click = (event: PointerEvent): void => {
      if (!menu.current?.contains(event.target as Node)) now.current()
    }
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      now.current()
      menu.current?.querySelector('button')?.focus()
    }
    addEventListener('pointerdown', click)
    addEventListener('keydown', press)
    return () => {
      removeEventListener('pointerdown', click)
      removeEventListener('keydown', press)
    }
  }, [menu, isOpen])
}
