"""The protocol and the server of `pychrony.testing`, loaded from their files.

The package itself imports the extension, and some of the programs that the tests run cannot load that: one without a
sanitizer's library, or an interpreter with pychrony built in, where there is no package.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _directory() -> Path:
    """Where pychrony.testing is: in the package that is installed, else in the sources."""
    spec = importlib.util.find_spec("pychrony")
    places = list(spec.submodule_search_locations or ()) if spec else []
    places.append(str(Path(__file__).resolve().parents[2] / "src" / "pychrony"))
    return next(path for path in (Path(each) / "testing" for each in places) if path.is_dir())


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{__name__}.{name}", _directory() / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As an import does.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


protocol = _load("protocol")
server = _load("server")
