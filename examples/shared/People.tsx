// Who is here.

import type { User } from '@rtstore/client'
import { useOthers, useSelf } from '@rtstore/react'
import type { CSSProperties, ReactNode } from 'react'

const COLORS = [
  '#2f7d6b', '#b4532a', '#3f62b5', '#9a3f74', '#7a6a1d', '#5b4bb0', '#2b7a9b', '#a33b3b'
]
const SHOWN_MAX = 5

/** The same for everybody, and for each of their tabs. */
export function colorOf(user: User | undefined): string {
  if (user?.color?.startsWith('#')) return user.color
  let sum = 0
  for (const letter of user?.username ?? '') sum = (sum * 31 + letter.charCodeAt(0)) % 9973
  return COLORS[sum % COLORS.length]!
}

export function nameOf(user: User | undefined): string {
  return user?.display_name || user?.name || 'Somebody'
}

/** Everybody in the nearest document, ourselves first. */
export function People(): ReactNode {
  const self = useSelf()
  const users = useOthers((others) => distinct(others.map((one) => one.user)))
  const others = users.filter((user) => user.username !== self.user?.username)
  const more = others.length - SHOWN_MAX
  return (
    <ul className="people" aria-label="People here">
      {self.user && <Face user={self.user} says={`${nameOf(self.user)} (you)`} isSelf />}
      {others.slice(0, SHOWN_MAX).map((user) => (
        <Face key={user.username} user={user} says={nameOf(user)} />
      ))}
      {more > 0 && <li className="face more">+{more}</li>}
    </ul>
  )
}

function Face(props: { user: User; says: string; isSelf?: boolean }): ReactNode {
  const { user, says, isSelf } = props
  const initials = user.initials || nameOf(user).slice(0, 2)
  return (
    <li
      className={isSelf ? 'face self' : 'face'}
      style={{ '--color': colorOf(user) } as CSSProperties}
      title={says}
    >
      <span aria-hidden="true">{initials}</span>
      <span className="unseen">{says}</span>
    </li>
  )
}

function distinct(users: (User | undefined)[]): User[] {
  return [...new Map(users.flatMap((user) => (user ? [[user.username, user]] : []))).values()]
}
