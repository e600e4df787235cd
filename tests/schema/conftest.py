"""Random examples may take as long as the machine needs."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("schema", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=1_500)
settings.load_profile("schema")
