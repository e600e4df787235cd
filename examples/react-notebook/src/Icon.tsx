// The few pictures of the page, drawn with one pen.

import type { ReactNode } from 'react'

const PATHS = {
  run: 'M5 3.2v9.6L12.6 8z',
  stop: 'M4.5 4.5h7v7h-7z',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  bin: 'M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5',
  plus: 'M8 3.5v9M3.5 8h9',
  undo: 'M3 6.5h6.2a3.4 3.4 0 0 1 0 6.8H6M3 6.5l3-3M3 6.5l3 3',
  redo: 'M13 6.5H6.8a3.4 3.4 0 0 0 0 6.8H10M13 6.5l-3-3M13 6.5l-3 3',
  edit: 'M3 13l.6-2.8 7-7 2.2 2.2-7 7z',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  cross: 'M4 4l8 8M12 4l-8 8',
  folder: 'M2 4.5h4l1.4 1.6H14v6.4H2z',
  book: 'M3.5 2.5h9v11h-9zM6 2.5v11M8.3 5.5h2',
  file: 'M4 2.5h5l3 3v8H4zM9 2.5v3h3',
  right: 'M6 4l4 4-4 4'
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }): ReactNode {
  const isFilled = name === 'run' || name === 'stop'
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      fill={isFilled ? 'currentColor' : 'none'}
      stroke={isFilled ? 'none' : 'currentColor'}
      strokeWidth="1.35"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

/** A button with a picture; its name is for those who can't see that. */
export function IconButton(props: {
  icon: IconName
  name: string
  onClick(): void
  isDisabled?: boolean
}): ReactNode {
  const { icon, name, onClick, isDisabled } = props
  return (
    <button
      className="plain icon"
      aria-label={name}
      title={name}
      onClick={onClick}
      disabled={isDisabled}
    >
      <Icon name={icon} />
    </button>
  )
}
