from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from rtstore.cli.quick_start import defer_grammar
defer_grammar()
import jsonschema
late = "rfc3987_syntax.syntax_helpers" not in sys.modules
checker = jsonschema.Draft7Validator.FORMAT_CHECKER
print(late, checker.conforms("http://é.org/a", "iri"), checker.conforms("no iri", "iri"))
import rfc3987_syntax
print(rfc3987_syntax.is_valid_syntax("iri", "x:y"), "Deferred" in repr(type(rfc3987_syntax)))
"""


def test_the_grammar_is_there_when_it_is_used_and_not_before() -> None:
    told = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
    ).stdout

    assert told.splitlines() == ["True True False", "True False"]
