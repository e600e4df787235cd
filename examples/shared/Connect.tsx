// The way in: the server that the address names, or a form that asks for it.

import { RtHttpError, type RtStore } from '@rtstore/client'
import { RtStoreProvider } from '@rtstore/react'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'

import { askedServer, enter, type Server } from './server.js'

type Entering = { store: RtStore } | { failed: string } | 'trying'

/** Shows `children` once the server let us in. */
export function Connect({ title, children }: { title: string; children: ReactNode }): ReactNode {
  const [server, setServer] = useState(askedServer)
  const [now, setNow] = useState<Entering>('trying')
  useEffect(() => {
    let isOver = false
    setNow('trying')
    enter(server).then(
      (store) => (isOver ? store.destroy() : setNow({ store })),
      (error: unknown) => isOver || setNow({ failed: why(error) })
    )
    return () => {
      isOver = true
    }
  }, [server])
  if (now === 'trying') return <p className="wait">Connecting…</p>
  if ('failed' in now) {
    return <Form title={title} server={server} why={now.failed} onEnter={setServer} />
  }
  return <RtStoreProvider store={now.store}>{children}</RtStoreProvider>
}

function why(error: unknown): string {
  const isUnknown = error instanceof RtHttpError && [401, 403].includes(error.status)
  if (isUnknown) return 'The server wants its token: it is in the address that Jupyter prints.'
  return error instanceof Error ? error.message : String(error)
}

function Form(props: {
  title: string
  server: Server
  why: string
  onEnter(server: Server): void
}): ReactNode {
  const { title, server, why, onEnter } = props
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const said = new FormData(event.currentTarget)
    const field = (name: string): string => String(said.get(name) ?? '').trim()
    onEnter({ url: field('url'), token: field('token'), name: field('name') })
  }
  return (
    <main className="enter">
      <form onSubmit={submit}>
        <h1>{title}</h1>
        <p role="alert">{why}</p>
        <label>
          Jupyter server
          <input name="url" type="url" placeholder="behind this page" defaultValue={server.url} />
        </label>
        <label>
          Token
          <input name="token" type="password" autoComplete="off" defaultValue={server.token} />
        </label>
        <label>
          Your name
          <input name="name" autoComplete="name" placeholder="as Jupyter has it" />
        </label>
        <button className="primary">Connect</button>
      </form>
    </main>
  )
}
