"""What an update costs: load on real workers over a real store, beside a bare relay."""

from __future__ import annotations
