"""Counters of one process, for Prometheus (``/rtstore/metrics``)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

APPENDED = Counter(
    "rtstore_updates_appended", "Updates appended by this worker", registry=REGISTRY
)
REFUSED = Counter(
    "rtstore_updates_refused", "Updates not appended, by reason", ["why"], registry=REGISTRY
)
APPEND_S = Histogram(
    "rtstore_append_seconds",
    "From a browser's frame to the log",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
    registry=REGISTRY,
)
DELIVERED = Counter("rtstore_frames_delivered", "Frames written to browsers", registry=REGISTRY)
CONNECTIONS = Gauge("rtstore_connections", "Open room sockets", registry=REGISTRY)
ROOMS = Gauge("rtstore_rooms", "Rooms of this worker", registry=REGISTRY)
LAGGING = Counter("rtstore_slow_members", "Times a slow browser was skipped", registry=REGISTRY)
BAD_FRAMES = Counter("rtstore_bad_frames", "Sockets closed for a bad frame", registry=REGISTRY)
SAVES = Counter("rtstore_saves", "Saves of documents, by outcome", ["outcome"], registry=REGISTRY)
BAD_MESSAGES = Counter(
    "rtstore_bad_messages", "Messages of kernels that could not be read", registry=REGISTRY
)
RUNS = Counter("rtstore_runs", "Runs of cells that ended, by state", ["state"], registry=REGISTRY)


def exposition() -> bytes:
    """All of it in Prometheus' text format."""
    return generate_latest(REGISTRY)
