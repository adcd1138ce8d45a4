"""The table of rules and their tests is whole, or is refused."""

from pathlib import Path

import pytest
from tools.rule_tests import BEGIN, END, with_tests

PAGE = f"""| rule | says |
|---|---|
| 1.1 | One thing. |
| 1.2 | Another thing. |

{BEGIN}
| 9.9 | what was there before |
{END}
the rest
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    folder = tmp_path / "tests"
    (folder / "unit").mkdir(parents=True)
    return folder


def _write(tests: Path, *marks: str) -> None:
    lines = [
        f"@pytest.mark.rule({mark})\ndef test_thing_{n}(): ..." for n, mark in enumerate(marks)
    ]
    (tests / "unit" / "test_things.py").write_text("\n\n".join(lines))


def test_each_rule_is_told_with_its_tests(tests: Path):
    _write(tests, '"1.1"', '"1.1", "1.2"')
    page = with_tests(PAGE, tests)
    file = "[unit/things](../tests/unit/test_things.py)"
    assert f"| 1.1 | {file}: thing 0, thing 1 |\n| 1.2 | {file}: thing 1 |\n{END}\nthe rest" in page
    assert "9.9" not in page
    assert with_tests(page, tests) == page


def test_a_rule_without_a_test_is_an_error(tests: Path):
    _write(tests, '"1.1"')
    with pytest.raises(ValueError, match=r"rules without a test: 1\.2"):
        with_tests(PAGE, tests)


def test_a_test_of_an_unknown_rule_is_an_error(tests: Path):
    _write(tests, '"1.1", "1.2", "1.3"')
    with pytest.raises(ValueError, match=r"not there: 1\.3"):
        with_tests(PAGE, tests)


def test_an_id_that_is_given_twice_is_an_error(tests: Path):
    _write(tests, '"1.1", "1.2"')
    with pytest.raises(ValueError, match=r"twice: 1\.2"):
        with_tests(PAGE.replace("1.1", "1.2"), tests)
