// What can go wrong. Each message is in words for a person.

import type { Action } from './records.js'

/** The base of all errors of this package. */
export class RtError extends Error {
  override name = 'RtError'
}

/** The server could not be reached, or answered with `status`. */
export class RtHttpError extends RtError {
  override name = 'RtHttpError'
  constructor(
    message: string,
    /** 0: no answer at all. */
    readonly status: number
  ) {
    super(message)
  }
}

/** Why a document or room was closed for good. */
export interface Closed {
  /** A websocket close code; 4401 and 4403: not allowed, 4404: no such thing, 1003: see below. */
  code: number
  reason: string
  /** The history of this copy is gone, but the document is there: open it again. */
  reloadable: boolean
  /** The server has what this copy had: what was not sent is a draft beside the file. */
  kept: boolean
}

/** It was closed for good: connecting again would end in the same way. */
export class RtClosedError extends RtError {
  override name = 'RtClosedError'
  constructor(readonly why: Closed) {
    super(why.reason || `closed with ${why.code}`)
  }
}

/** The server did not confirm what was edited here; it may or may not have it. */
export class RtNotSentError extends RtError {
  override name = 'RtNotSentError'
}

/** The file was not written; the document itself is safe. */
export class RtNotSavedError extends RtError {
  override name = 'RtNotSavedError'
}

/** An action failed or was refused. */
export class RtActionError extends RtError {
  override name = 'RtActionError'
  constructor(
    message: string,
    /** As HTTP has them: 400 bad params, 403 not allowed, 404 no such thing, 500 … */
    readonly status: number,
    /** How it ended; null if it was refused before it began. */
    readonly record: Action | null
  ) {
    super(message)
  }
}

const GONE = 1003
const FINAL = new Set([GONE, 1007, 1009, 4400, 4401, 4402, 4403, 4404])

/** What a close code means; null where connecting again makes sense. */
export function whyClosed(code: number, reason: string): Closed | null {
  if (!FINAL.has(code)) return null
  if (code !== GONE) return forGood(code, reason)
  let told: { errorReason?: unknown; reloadable?: unknown; kept?: unknown } = {}
  try {
    told = JSON.parse(reason)
  } catch {
    // an intermediary's 1003: it has no JSON
  }
  const why = told.errorReason || "the document's history is another now; open it again"
  const { reloadable, kept } = told
  return { code, reason: String(why), reloadable: reloadable !== false, kept: kept === true }
}

/** Whether the document itself is gone, so that nobody will ever take what this copy had. */
export function isGone({ code, reloadable, kept }: Closed): boolean {
  return code === 4404 || (code === GONE && !reloadable && !kept)
}

/** Closed, and whatever this copy had is here alone. */
export function forGood(code: number, reason: string): Closed {
  return { code, reason: reason || `closed with ${code}`, reloadable: false, kept: false }
}
