"""Plants a fault: a module is loaded with one of its lines changed. The files stay as they are."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from tests.simulation.mutants.faults import FAULTS, Fault


def plant(name: str) -> None:
    """Have a fault in place of the original from now on; its module must not be loaded yet."""
    fault = FAULTS[name]
    if fault.module in sys.modules:
        raise RuntimeError(f"{fault.module} is loaded already")
    sys.meta_path.insert(0, _Finder(fault))


def changed_source(fault: Fault, source: str) -> str:
    """The source with the fault in it; it must fit in one place."""
    if source.count(fault.original) != 1:
        raise ValueError(f"{fault.name}: the original is not there once: {fault.original!r}")
    return source.replace(fault.original, fault.planted)


class _Loader(SourceFileLoader):
    def __init__(self, fault: Fault, path: str) -> None:
        super().__init__(fault.module, path)
        self._fault = fault

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        source = self.get_data(self.path).decode()
        return compile(changed_source(self._fault, source), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Only the module that the fault is for is loaded otherwise."""
        if fullname != self._fault.module:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            return None
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=_Loader(self._fault, found.origin)
        )
