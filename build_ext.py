"""Builds ``renacer._core``, the one C extension: every file under csrc/ behind one cffi interface.

``pip`` reaches :class:`BuildCore` through pyproject.toml; ``python build_ext.py`` builds in place.
The interface is ``csrc/api.cdef.h``, read by cffi and included by the C sources alike. The one type
beside it, for calls cheaper than cffi's, is csrc/python/'s, which also holds the module's entry.
"""

from __future__ import annotations

import os
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cffi import FFI
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
CSRC = Path("csrc")
PUBLIC = Path("renacer/include")  # what other extensions compile against

# A free-threaded Python before 3.15 has no stable ABI.
STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")

# csrc/python/module.c is the entry of the module and calls cffi's.
GLUE = """
#include "rnc.h"
#define PyInit__core rnc_init_cffi
"""

# -fno-tree-vectorize: a kernel stamped Scalar must run scalar code.
# -ffp-contract=off: a fused multiply-add happens where a kernel asks for it, and nowhere else.
COMPILE_FLAGS = [
    "-std=gnu11",
    "-O3",
    "-g1",
    "-ffp-contract=off",
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
]
LINK_FLAGS = ["-pthread", "-lm"]


def interface() -> FFI:
    """The cffi builder: declarations from api.cdef.h, implementation from csrc/."""
    ffi = FFI()
    ffi.cdef((ROOT / CSRC / "api.cdef.h").read_text())
    ffi.set_source("renacer._core", GLUE, py_limited_api=STABLE_ABI)
    return ffi


def files(*patterns: str) -> list[str]:
    """The files of the core that match; a file not for this architecture compiles to nothing."""
    return sorted(
        str(path.relative_to(ROOT)) for pattern in patterns for path in (ROOT / CSRC).rglob(pattern)
    )


class BuildCore(build_ext):
    """Generates the cffi glue, then compiles changed files only, on every core."""

    def finalize_options(self) -> None:
        """Name the result after the ABI it has."""
        super().finalize_options()
        for ext in self.extensions:
            ext.py_limited_api = STABLE_ABI

    def build_extension(self, ext: Extension) -> None:
        """Compile and link ``ext``; raises CompileError or LinkError as setuptools does."""
        glue = Path(self.build_temp) / "renacer._core.c"
        glue.parent.mkdir(parents=True, exist_ok=True)
        interface().emit_c_code(str(glue))
        ext.sources = [str(glue), *files("*.c")]
        ext.depends = [*files("*.h", "*.def"), str(PUBLIC / "renacer.h")]
        ext.include_dirs = [str(CSRC), str(PUBLIC)]
        ext.extra_compile_args = COMPILE_FLAGS
        ext.extra_link_args = LINK_FLAGS
        self.compiler.compile = self._compile_changed(self.compiler.compile)
        super().build_extension(ext)

    def _compile_changed(self, compile_all):  # type: ignore[no-untyped-def]
        headers = [*files("*.h", "*.def"), PUBLIC / "renacer.h"]
        newest_header = max(os.path.getmtime(path) for path in headers)

        def stale(source: str, target: str) -> bool:
            if not os.path.exists(target):
                return True
            built = os.path.getmtime(target)
            return built < max(os.path.getmtime(source), newest_header)

        def compile_changed(files, output_dir=None, **options):  # type: ignore[no-untyped-def]
            objects = self.compiler.object_filenames(files, output_dir=output_dir)
            changed = [s for s, o in zip(files, objects, strict=True) if stale(s, o)]
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                jobs = [
                    pool.submit(compile_all, [source], output_dir=output_dir, **options)
                    for source in changed
                ]
                for job in jobs:
                    job.result()
            return objects

        return compile_changed


if __name__ == "__main__":
    os.chdir(ROOT)
    setup(script_args=["build_ext", "--inplace"])
