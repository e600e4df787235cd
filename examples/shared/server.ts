// Where the Jupyter server is, and who we are there.

import { RtStore } from '@rtstore/client'

export interface Server {
  /** Its base URL; empty: the page's own origin leads to it. */
  url: string
  token: string
  /** How others shall see us; empty: as the server names us. */
  name: string
}

const KEPT = 'rtstore server'

/** What the address says (`?server=…&token=…&name=…`), else what this tab was told before. */
export function askedServer(): Server {
  const query = new URLSearchParams(location.search)
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}') as Partial<Server>
  const say = (field: 'token' | 'name', kept?: string): string => query.get(field) ?? kept ?? ''
  const url = query.get('server') ?? kept.url ?? ''
  return { url, token: say('token', kept.token), name: say('name') }
}

/** A store of that server, once it let us in. Throws RtHttpError. */
export async function enter({ url, token, name }: Server): Promise<RtStore> {
  const isOwn = !url || new URL(url, location.href).origin === location.origin
  // From another origin Jupyter takes no cookie, and each request brings the token.
  const store = new RtStore({ baseUrl: url || '/', token: isOwn ? undefined : token, offline: true })
  if (isOwn && token) await signIn(store.baseUrl, token)
  const { user } = await store.whoami()
  if (isOwn && name && name !== user.display_name) await rename(store, name)
  sessionStorage.setItem(KEPT, JSON.stringify(isOwn ? { url } : { url, token }))
  forgetInAddress('token', 'name')
  return store
}

/** The token is exchanged for Jupyter's cookie, which also keeps who we are. */
async function signIn(base: string, token: string): Promise<void> {
  await fetch(`${base}rtstore/server?token=${encodeURIComponent(token)}`, { credentials: 'include' })
}

async function rename(store: RtStore, name: string): Promise<void> {
  const words = name.split(/\s+/).filter(Boolean)
  const initials = words.slice(0, 2).map((word) => [...word][0]?.toUpperCase()).join('')
  await store.fetchJson('PATCH', 'api/me', { name, display_name: name, initials })
}

/** So that it is not passed on with the link, nor shown on a screen that others see. */
function forgetInAddress(...fields: string[]): void {
  const address = new URL(location.href)
  for (const field of fields) address.searchParams.delete(field)
  history.replaceState(history.state, '', address)
}
