"""Registry: all records there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rtstore.schema.records.app_document import AppDocument, AppSchema
from rtstore.schema.records.asked_run import AskedRun
from rtstore.schema.records.author import Author
from rtstore.schema.records.awareness_state import AwarenessMessage
from rtstore.schema.records.blob import OutputBlob, OutputName
from rtstore.schema.records.document_meta import DocumentMeta, UnopenedDocument
from rtstore.schema.records.document_view import DocumentView
from rtstore.schema.records.draft import DraftEntry
from rtstore.schema.records.feed import FeedAwareness, FeedNotice, FeedUpdate
from rtstore.schema.records.file_id import FileId, FilePath
from rtstore.schema.records.followed_kernel import FoldCursor, FollowedKernel
from rtstore.schema.records.history_block import HistoryBlock
from rtstore.schema.records.jupyter_server import (
    EndedKernel,
    JupyterServer,
    KernelHost,
    ServerProcess,
)
from rtstore.schema.records.kernel_meta import KernelEar, KernelMeta
from rtstore.schema.records.kernel_widgets import KernelWidgets
from rtstore.schema.records.lease import LeaseHolding, LeaseTokens
from rtstore.schema.records.live_action import (
    LiveAction,
    RoomVersion,
    UploadContent,
    WaitingAction,
)
from rtstore.schema.records.live_contents import (
    LiveContents,
    LiveDirectory,
    WatchedDirectory,
)
from rtstore.schema.records.live_kernel import LiveKernel
from rtstore.schema.records.live_kernelspec import LiveKernelspec
from rtstore.schema.records.live_message import (
    ActionAnswer,
    ActionRequest,
    LiveChanges,
    LiveError,
    LiveMessage,
    LiveNews,
    LiveSnapshot,
)
from rtstore.schema.records.live_session import LiveSession
from rtstore.schema.records.live_status import LiveStatus
from rtstore.schema.records.live_terminal import LiveTerminal
from rtstore.schema.records.log_entry import LogEntry
from rtstore.schema.records.newest_run import CellMarks, NewestRun
from rtstore.schema.records.notebook_document import NotebookDocument
from rtstore.schema.records.output_entry import OutputBody, OutputEntry
from rtstore.schema.records.presence import PresenceEntry, PresenceExpiry, SpokeUser
from rtstore.schema.records.record import Described
from rtstore.schema.records.room_answer import CloseReason, SaveAnswer
from rtstore.schema.records.run import FailedBatch, QueuedRun, RunRecord
from rtstore.schema.records.run_shown import DocumentRuns, RunShown
from rtstore.schema.records.saved_content import SavedContent
from rtstore.schema.records.session_request import (
    DocumentSession,
    DocumentSessionRequest,
    ServerIdentity,
)
from rtstore.schema.records.snapshot import Snapshot
from rtstore.schema.records.text_document import BlobDocument, ChatDocument, TextDocument
from rtstore.schema.records.worker import DataFormat, LivingWorker, OpenDocument, WorkerRecord

GROUPS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "Documents": (
            DocumentMeta,
            UnopenedDocument,
            LogEntry,
            Snapshot,
            HistoryBlock,
            Author,
            DocumentView,
            SavedContent,
            DraftEntry,
            OutputBlob,
            OutputName,
        ),
        "Content that people edit together": (
            NotebookDocument,
            TextDocument,
            BlobDocument,
            ChatDocument,
            AppDocument,
            AppSchema,
        ),
        "Who is here, and what is heard": (
            PresenceEntry,
            PresenceExpiry,
            SpokeUser,
            AwarenessMessage,
            FeedUpdate,
            FeedAwareness,
            FeedNotice,
        ),
        "Opening, saving, closing": (
            DocumentSessionRequest,
            DocumentSession,
            ServerIdentity,
            SaveAnswer,
            CloseReason,
        ),
        "Running cells": (
            RunRecord,
            QueuedRun,
            FailedBatch,
            AskedRun,
            NewestRun,
            CellMarks,
            RunShown,
            DocumentRuns,
            FollowedKernel,
            FoldCursor,
        ),
        "Kernels": (
            KernelMeta,
            KernelEar,
            OutputEntry,
            OutputBody,
            KernelWidgets,
        ),
        "Live state of the Jupyter server": (
            LiveKernelspec,
            LiveKernel,
            LiveSession,
            LiveTerminal,
            LiveStatus,
            LiveContents,
            LiveDirectory,
            WatchedDirectory,
            RoomVersion,
            LiveNews,
            LiveMessage,
            LiveSnapshot,
            LiveChanges,
        ),
        "Actions": (
            ActionRequest,
            ActionAnswer,
            LiveAction,
            WaitingAction,
            UploadContent,
            LiveError,
        ),
        "Servers, files and workers": (
            JupyterServer,
            ServerProcess,
            KernelHost,
            EndedKernel,
            FileId,
            FilePath,
            LeaseHolding,
            LeaseTokens,
            WorkerRecord,
            LivingWorker,
            OpenDocument,
            DataFormat,
        ),
    }
)
"""What belongs together → its records."""

RECORDS: Mapping[str, type[Described]] = MappingProxyType(
    {record.__name__: record for records in GROUPS.values() for record in records}
)
"""Name → record."""
