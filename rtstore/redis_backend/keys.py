"""Every name rtstore uses in Redis, and nothing else.

===========================  =======  =====================================================
name                         type     holds
===========================  =======  =====================================================
rt:schema                    string   the newest data format any writer used
rt:{S}:paths  rt:{S}:files   hash     path → file id; file id → path
rt:{S}:server                hash     the Jupyter server of this contents root: url, pid, root
rt:{S}:server:<instance>     string   a Jupyter server: host, pid, since when; expires
rt:{S}:kernels               hash     kernel id → the host that it runs on
rt:{S}:ended                 zset     kernel id → when it ended (ms); for 30 days
rt:{S}:feed                  channel  awareness of JupyterLab:globalAwareness; "opened" notices
rt:{S}:who  :who:exp         hash,    who is in this Jupyter server; when each expires
                             zset
rt:{S}:spoke                 zset     user → when they were last heard there; lives 1 s
rt:{S}:live:<table>          hash     id → JSON: kernelspecs, kernels, sessions, terminals, status
rt:{S}:live:actions          hash     id → JSON: what people asked the server to do, and its end
rt:{S}:live:waiting          list     ids of actions that nobody has taken yet
rt:{S}:live:content:<id>     string   what an action uploads (10 min)
rt:{S}:live:dirs             zset     directory → until when somebody wants it (ms)
rt:{S}:live:dir:<path>       hash     name → JSON: what is in the directory
rt:{S}:live:directory:<path> hash     "directory" → JSON, once all of the above is there
rt:{S}:live:versions         hash     live room → its version
rt:{S}:live:feed             channel  what changed in which live room
rt:{D}:meta                  hash     schema, epoch, gen, server, path, type, format, saved_…
rt:{D}:log                   stream   one entry per update, ids <epoch>-<revision>, dense
rt:{D}:snap                  hash     one update that says all entries up to `id`
rt:{D}:snap:prev             hash     the snapshot before (24 h)
rt:{D}:base                  hash     what was last saved, for three-way merges
rt:{D}:view                  hash     the live document for people
rt:{D}:feed                  channel  log entries with their ids, awareness, notices
rt:{D}:who  :who:exp         hash,    who is here, readable JSON; when each expires
                             zset
rt:{D}:schema                string   the JSON Schema of an application's document
rt:{D}:authors               hash     Yjs client id → user and first time
rt:{D}:history               hash     archived entries in blocks: "<first>..<last>" → zlib; the
                                      snapshots of histories that ended: "snap-<id>"
rt:{D}:drafts                hash     digest → what a tab of an earlier history holds, until it
                                      is in a file; then where (24 h)
rt:{D}:lease:<name>          string   "<owner> <token>", expires
rt:{D}:lease:<name>:tokens   hash     the newest token of a lease that nothing else counts
rt:{D}:asked                 hash     run id → JSON: runs that the keeper has not queued yet
rt:{D}:runs                  hash     cell id → JSON: its newest run
rt:{D}:marks                 hash     cell id → JSON list: edited, earlier, out of order
rt:{D}:follows               hash     kernel id → last asked (ms): kernels that ran cells of it
rt:{D}:cur:<kernel id>       hash     cursor: the last entry of `out` that the document has;
                                      state: what the next ones need to know, JSON
rt:{D}:spill:<run>.<n>       string   the rest of a stream too long for the document
rt:{D}:blob:<sha256>         string   an output too large for the document
rt:{D}:giants                zset     names of these two → since when nothing needs it (ms); 0:
                                      something does
rt:{K}:meta                  hash     kernel_id, name, host, pid, generation, capture, state …
rt:{K}:lease                 string   the bridge that serves it: "<owner> <token>", expires
rt:{K}:ears                  hash     bridge → synced, or listening: who could take over; expires
rt:{K}:out                   stream   all that it said, and its runs' states; readable JSON
rt:{K}:body:<entry id>       string   the content of an entry, where it is long
rt:{K}:q                     zset     run id → order: what waits or runs
rt:{K}:run:<id>              hash     one run: who, which cell, its source, state, times
rt:{K}:failed                hash     batch → why the rest of it does not run; expires
rt:{K}:widgets               hash     what its Output widgets took, up to which entry of `out`
rt:{K}:feed                  channel  "something was added to `out`"
rt:w:<worker>                hash     a worker: host, pid, version, url; expires
rt:workers                   zset     worker → until (ms)
rt:docs:<00..3f>             zset     document id → last activity (ms)
===========================  =======  =====================================================

The braces are Redis Cluster hash tags: all keys of one document (D), of one kernel (K is
``<S>.<kernel id>``), and of one contents root (S), share a slot, so a script may touch them
together; no script spans two tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

BUCKETS = 64
"""``rt:docs`` is cut into this many sorted sets, so that none is hot or huge."""


@dataclass(frozen=True, slots=True)
class DocumentKeys:
    """The names of one document."""

    tag: str

    @property
    def meta(self) -> str:
        """Hash of what is known of the document."""
        return f"{self.tag}:meta"

    @property
    def log(self) -> str:
        """Stream of updates."""
        return f"{self.tag}:log"

    @property
    def snap(self) -> str:
        """Hash: the newest snapshot."""
        return f"{self.tag}:snap"

    @property
    def snap_prev(self) -> str:
        """Hash: the snapshot before."""
        return f"{self.tag}:snap:prev"

    @property
    def base(self) -> str:
        """Hash: what was last saved."""
        return f"{self.tag}:base"

    @property
    def view(self) -> str:
        """Hash: the document for people."""
        return f"{self.tag}:view"

    @property
    def feed(self) -> str:
        """Channel: what was added, as it happens."""
        return f"{self.tag}:feed"

    @property
    def who(self) -> str:
        """Hash: who is here."""
        return f"{self.tag}:who"

    @property
    def who_exp(self) -> str:
        """Sorted set: when each of `who` expires."""
        return f"{self.tag}:who:exp"

    @property
    def schema(self) -> str:
        """String: the JSON Schema of an application's document."""
        return f"{self.tag}:schema"

    @property
    def authors(self) -> str:
        """Hash: Yjs client id → user."""
        return f"{self.tag}:authors"

    @property
    def history(self) -> str:
        """Hash: archived blocks of entries."""
        return f"{self.tag}:history"

    @property
    def asked(self) -> str:
        """Hash: runs that the keeper has not queued yet."""
        return f"{self.tag}:asked"

    @property
    def runs(self) -> str:
        """Hash: cell → its newest run."""
        return f"{self.tag}:runs"

    @property
    def marks(self) -> str:
        """Hash: cell → what is to be known of its newest run."""
        return f"{self.tag}:marks"

    @property
    def follows(self) -> str:
        """Hash: kernels that ran cells of this document."""
        return f"{self.tag}:follows"

    def cursor(self, kernel_id: str) -> str:
        """Hash: how far the document has followed a kernel."""
        return f"{self.tag}:cur:{kernel_id}"

    def spill(self, name: str) -> str:
        """String: the rest of a stream too long for the document."""
        return f"{self.tag}:spill:{name}"

    def blob(self, sha: str) -> str:
        """String: an output too large for the document."""
        return f"{self.tag}:blob:{sha}"

    def giant(self, name: str) -> str:
        """String: the one or the other, by the name that the document has for it."""
        return self.spill(name) if "." in name else self.blob(name)

    @property
    def giants(self) -> str:
        """Sorted set: the names of all blobs and spills."""
        return f"{self.tag}:giants"

    @property
    def drafts(self) -> str:
        """Hash: what tabs of an earlier history hold."""
        return f"{self.tag}:drafts"

    def lease(self, name: str) -> str:
        """String: who owns `name` of this document."""
        return f"{self.tag}:lease:{name}"


@dataclass(frozen=True, slots=True)
class KernelKeys:
    """The names of one kernel."""

    tag: str

    @property
    def meta(self) -> str:
        """Hash of what is known of the kernel."""
        return f"{self.tag}:meta"

    @property
    def lease(self) -> str:
        """String: the bridge that serves it."""
        return f"{self.tag}:lease"

    @property
    def ears(self) -> str:
        """Hash: bridges that hear it."""
        return f"{self.tag}:ears"

    @property
    def out(self) -> str:
        """Stream: all that it said."""
        return f"{self.tag}:out"

    @property
    def queue(self) -> str:
        """Sorted set: runs that wait."""
        return f"{self.tag}:q"

    @property
    def failed(self) -> str:
        """Hash: batches of which no more runs."""
        return f"{self.tag}:failed"

    @property
    def feed(self) -> str:
        """Channel: something was added."""
        return f"{self.tag}:feed"

    @property
    def widgets(self) -> str:
        """Hash: what its Output widgets took."""
        return f"{self.tag}:widgets"

    def body(self, entry_id: str) -> str:
        """String: the content of a long entry."""
        return f"{self.tag}:body:{entry_id}"

    def run(self, run_id: str) -> str:
        """Hash: one run."""
        return f"{self.tag}:run:{run_id}"


@dataclass(frozen=True, slots=True)
class RootKeys:
    """The names of one contents root (a Jupyter server and its root_dir)."""

    tag: str

    @property
    def paths(self) -> str:
        """Hash: path → file id."""
        return f"{self.tag}:paths"

    @property
    def files(self) -> str:
        """Hash: file id → path."""
        return f"{self.tag}:files"

    @property
    def server(self) -> str:
        """Hash: where the Jupyter server is."""
        return f"{self.tag}:server"

    def instance(self, instance: str) -> str:
        """String: a Jupyter server process lives."""
        return f"{self.tag}:server:{instance}"

    @property
    def kernels(self) -> str:
        """Hash: kernel id → host."""
        return f"{self.tag}:kernels"

    @property
    def ended(self) -> str:
        """Sorted set: kernel id → when it ended."""
        return f"{self.tag}:ended"

    @property
    def feed(self) -> str:
        """Channel: global awareness and "opened" notices."""
        return f"{self.tag}:feed"

    @property
    def who(self) -> str:
        """Hash: who is in this Jupyter server."""
        return f"{self.tag}:who"

    @property
    def who_exp(self) -> str:
        """Sorted set: when each of `who` expires."""
        return f"{self.tag}:who:exp"

    def live(self, name: str) -> str:
        """What the server's live rooms show: see `live_state` and `action_book`."""
        return f"{self.tag}:live:{name}"

    @property
    def spoke(self) -> str:
        """Sorted set: when each user was last heard in the global room."""
        return f"{self.tag}:spoke"


@dataclass(frozen=True, slots=True)
class Keys:
    """All names under one prefix; two deployments share a Redis by differing in it."""

    prefix: str = "rt"

    @property
    def schema(self) -> str:
        """String: the newest data format."""
        return f"{self.prefix}:schema"

    @property
    def workers(self) -> str:
        """Sorted set: worker → until (ms)."""
        return f"{self.prefix}:workers"

    def worker(self, worker: str) -> str:
        """Hash: one worker."""
        return f"{self.prefix}:w:{worker}"

    def docs(self, bucket: int) -> str:
        """Sorted set: document ids of a bucket → last activity (ms)."""
        return f"{self.prefix}:docs:{bucket:02x}"

    def docs_of(self, document_id: str) -> str:
        """The `docs` set that lists this document."""
        return self.docs(crc32(document_id.encode()) % BUCKETS)

    def probe(self, worker: str) -> str:
        """Channel: a worker's own heartbeat over the feed."""
        return f"{self.prefix}:{{probe-{worker}}}:feed"

    def document(self, document_id: str) -> DocumentKeys:
        """Names of one document."""
        return DocumentKeys(f"{self.prefix}:{{{document_id}}}")

    def root(self, contents_id: str) -> RootKeys:
        """Names of one contents root."""
        return RootKeys(f"{self.prefix}:{{{contents_id}}}")

    def kernel(self, contents_id: str, kernel_id: str) -> KernelKeys:
        """Names of one kernel of the Jupyter server of a contents root."""
        return KernelKeys(f"{self.prefix}:{{{contents_id}.{kernel_id}}}")
