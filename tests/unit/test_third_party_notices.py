"""Every file of others that lies here is named with its licence, and is what it was."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHERE = ("services", "sandbox", "packages", "tests")
NOTICES = (ROOT / "THIRD-PARTY-NOTICES.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| `([0-9a-f]{64})` \|$", NOTICES, re.MULTILINE
)


def test_every_file_of_others_is_named():
    found = {
        str(file.relative_to(ROOT)) for folder in WHERE for file in (ROOT / folder).rglob("*.min.*")
    }
    assert found == {row[0] for row in ROWS}


@pytest.mark.parametrize(("file", "what", "licence", "digest"), ROWS)
def test_a_file_of_others_is_what_it_was(file: str, what: str, licence: str, digest: str):
    assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == digest
    assert re.search(r"\d+\.\d+\.\d+", what)
    assert licence.strip() in {"0BSD", "MPL-2.0"}
