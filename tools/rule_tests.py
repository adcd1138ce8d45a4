"""Tells which tests hold each rule of `docs/rules.md`, from the marks that the tests bear.

A rule without a test, and a test of a rule that is not there, are errors.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
BEGIN, END = "<!-- rule tests: begin -->", "<!-- rule tests: end -->"
_RULE = re.compile(r"^\| (\d+\.\d+) \| ", re.MULTILINE)
_BETWEEN = re.compile(f"{BEGIN}.*{END}", re.DOTALL)


def with_tests(page: str, tests: Path = TESTS) -> str:
    """The page of the rules with its present table of tests.

    Raises:
        ValueError: a rule has no test, or a test names a rule that is not there.
    """
    rules = _RULE.findall(_BETWEEN.sub("", page))
    held = tests_of_rules(tests)
    if twice := sorted({rule for rule in rules if rules.count(rule) > 1}):
        raise ValueError(f"rules that are there twice: {', '.join(twice)}")
    if missing := [rule for rule in rules if rule not in held]:
        raise ValueError(f"rules without a test: {', '.join(missing)}")
    if unknown := sorted(held.keys() - set(rules)):
        raise ValueError(f"tests of rules that are not there: {', '.join(unknown)}")
    rows = ["| rule | tests |", "|---|---|"]
    rows += [f"| {rule} | {_links(held[rule])} |" for rule in rules]
    return _BETWEEN.sub("\n".join([BEGIN, *rows, END]).replace("\\", r"\\"), page)


def tests_of_rules(tests: Path) -> dict[str, list[tuple[Path, str]]]:
    """Every rule that is named by a mark, and the tests that bear it."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for file in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for rule in _marked(node):
                    found[rule].append((file.relative_to(tests.parent), node.name))
    return found


def _marked(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
            yield from (str(ast.literal_eval(one)) for one in mark.args)


def _links(held: list[tuple[Path, str]]) -> str:
    """Tests by their files, without the words that all of them begin with."""
    files: dict[Path, list[str]] = defaultdict(list)
    for file, name in held:
        files[file].append(name.removeprefix("test_").replace("_", " "))
    return "; ".join(
        f"[{file.parent.name}/{file.stem.removeprefix('test_')}](../{file.as_posix()}):"
        f" {', '.join(names)}"
        for file, names in files.items()
    )
