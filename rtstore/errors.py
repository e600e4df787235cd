"""Every error rtstore raises on purpose.

RTStoreError
├── ClientError            the peer did something wrong: tell it, close its socket
│   ├── BadFrame           bytes that are no frame of the protocol, or no Yjs update
│   ├── BadAction          no such action, or not with these parameters
│   ├── TooBig             a frame or update over its bound
│   └── NotAllowed         not signed in, or the right is missing
├── DocumentError          this document can't be opened; says why to the person
│   ├── NoSuchDocument     no file, or no such id
│   ├── BadDocument        the file can't be read as what it was opened as
│   └── LoadFailed         the contents manager failed
├── StoreUnavailable       Redis did not answer; what was sent may or may not have run
├── StoreRefused           Redis answered with an error
│   ├── StaleEpoch         our epoch is old, or the log is gone: open the document again
│   └── StoreFull          maxmemory reached: nothing was written
├── BadContent             what a log holds does not decode: nobody's frame is to blame
├── StoreUnfit             the server is too old, evicts keys, or was written by a newer rtstore
├── LeaseLost              another worker owns it now: stop writing
├── JupyterUnavailable     the Jupyter server did not answer
├── KernelUnreachable      a kernel's connection file or sockets can't be had
│   └── NotSent            and what was to be sent was certainly not
├── FileChanged            the file on disk is not the one last seen: nothing was written
└── SettingsError          a setting says something that cannot be

A programming error is never in this tree: it is whatever Python raises, and it may end the worker.
"""

from __future__ import annotations


class RTStoreError(Exception):
    """Base of the tree. Catch a leaf; catch this only at an outermost edge."""


class ClientError(RTStoreError):
    """The peer broke the protocol, a limit or a right."""


class BadFrame(ClientError):
    """Bytes that are no frame, no awareness update or no Yjs update."""


class BadAction(ClientError):
    """No such action, or not with these parameters; the message says what is known."""


class TooBig(ClientError):
    """A frame or an update over its bound."""


class NotAllowed(ClientError):
    """The peer is not signed in, or lacks the right."""


class DocumentError(RTStoreError):
    """This document can't be opened; the message is for the person who tried."""


class NoSuchDocument(DocumentError):
    """There is no such file, or no such document id."""


class BadDocument(DocumentError):
    """The file is not what it was opened as (not UTF-8, not a notebook, another format)."""


class LoadFailed(DocumentError):
    """The contents manager failed to read the file."""


class StoreUnavailable(RTStoreError):
    """Redis did not answer in time or the connection broke; the command may have run."""


class StoreRefused(RTStoreError):
    """Redis answered with an error; the command did not run."""


class StaleEpoch(StoreRefused):
    """The log is at a newer epoch or gone: `open` it again before writing."""


class StoreFull(StoreRefused):
    """The server is at maxmemory (OOM) or can't persist (MISCONF); nothing was written."""


class BadContent(RTStoreError):
    """What a document's log holds can't be decoded; who is connected can do nothing about it."""


class StoreUnfit(RTStoreError):
    """The server can't hold documents safely; the message names the remedy."""


class LeaseLost(RTStoreError):
    """Another worker owns what we thought was ours; nothing was written."""


class JupyterUnavailable(RTStoreError):
    """The Jupyter server did not answer, or failed; try again later."""


class KernelUnreachable(RTStoreError):
    """No connection file, or nobody listens there; the kernel may be starting, or gone."""


class NotSent(KernelUnreachable):
    """The request never left: it may be sent again."""


class FileChanged(RTStoreError):
    """The file is not the one last seen; nothing was written. Read it, merge, try again."""


class SettingsError(RTStoreError):
    """A setting that cannot be; the message names the variable and what it wants."""
