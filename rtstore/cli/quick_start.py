"""Leave out of every start what only costs time: a grammar that next to nobody uses.

jsonschema, which nbformat and jupyter_server import, imports `rfc3987_syntax` for the formats
``iri`` and ``iri-reference``, and that builds a parser at import: 2.3 s of the 4.2 s that
JupyterLab takes to start, and more than all of a worker. Here it is built at first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_NAME = "rfc3987_syntax"


class _Deferred(ModuleType):
    """Stands for the module until something of it is used."""

    def is_valid_syntax(self, term: str, value: str) -> bool:
        """The one function that jsonschema takes, at import."""
        return bool(_real().is_valid_syntax(term, value))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the real one has
        if name.startswith("__"):
            raise AttributeError(name)  # the import machinery asks for what a module may lack
        return getattr(_real(), name)


def defer_grammar() -> None:
    """Call before anything else is imported. Does nothing when the module is not installed."""
    if _NAME not in sys.modules and find_spec(_NAME) is not None:
        sys.modules[_NAME] = _Deferred(_NAME)


def _real() -> ModuleType:
    if isinstance(sys.modules.get(_NAME), _Deferred):
        del sys.modules[_NAME]
    return import_module(_NAME)
