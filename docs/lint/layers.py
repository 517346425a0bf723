#!/usr/bin/env python3
"""Checks that includes only point downwards: the table below is the architecture (docs/architecture.md)."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> folders whose headers it may include, besides its own
ALLOWED = {
    "engine/base": [],
    "engine/syntax": ["engine/base"],
    "engine/binary": ["engine/base", "engine/syntax"],
    "engine/text": ["engine/base", "engine/syntax", "engine/binary"],
    "engine/valid": ["engine/base", "engine/syntax", "engine/binary"],
    "engine/gc": ["engine/base", "engine/syntax"],
    "engine/exec": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "engine/gc"],
    "engine/interp": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "engine/gc", "engine/exec"],
    # compiler_api.h is the seam that both sides include; it includes nothing of LLVM.
    "compiler/target": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "engine/gc", "engine/exec",
                        "compiler/llvm"],
    "compiler/llvm": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "engine/gc", "engine/exec",
                      "compiler/target"],
    "component/types": ["engine/base", "engine/syntax", "engine/binary"],
    "component/binary": ["engine/base", "engine/syntax", "engine/binary", "component/types"],
    "component/text": ["engine/base", "engine/syntax", "engine/binary", "engine/text", "component/types",
                       "component/binary"],
    "component/valid": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "component/types"],
    "component/wit": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "component/types",
                      "component/binary", "component/valid"],
    "component/abi": ["engine/base", "engine/syntax", "engine/gc", "engine/exec", "component/types"],
    "component/fuse": ["engine/base", "engine/syntax", "engine/binary", "engine/exec", "component/types", "component/abi"],
    "component/exec": ["engine/base", "engine/syntax", "engine/binary", "engine/valid", "engine/gc", "component/binary",
                       "engine/exec", "component/types", "component/valid", "component/abi", "component/fuse"],
    "component/tools": ["engine", "component"],
    "component/bindgen": ["engine/base", "component/types", "component/wit"],
    # What generated code for hosts includes.
    "component/bindgen/host": ["engine/base", "component/types", "component/abi", "component/exec"],
    "wasi/os": ["engine/base"],
    "wasi/http_client": ["engine/base", "wasi/os"],
    "wasi/p1": ["engine/base", "engine/syntax", "engine/exec", "wasi/os"],
    "wasi/typed": ["engine/base", "component/types", "component/abi", "component/exec"],
    "wasi/common": ["engine/base", "component/types", "component/exec", "wasi/os", "wasi/typed"],
    "wasi/p2": ["engine/base", "component/types", "component/exec", "wasi/os", "wasi/typed", "wasi/common"],
    "wasi/p3": ["engine/base", "component/types", "component/abi", "component/exec", "wasi/os", "wasi/typed", "wasi/common"],
    "spectest": ["engine/base", "engine/syntax", "engine/binary", "engine/text", "engine/valid", "engine/gc",
                 "engine/exec", "component"],
    "runtime": ["engine", "wasi", "spectest", "component", "compiler"],
    "fuzz": ["engine", "wasi", "runtime", "component"],
    "bench": ["engine", "wasi", "runtime", "component", "compiler/target"],
}
# Tests may also use the text format and the interpreter to make and run modules.
TEST_EXTRA = ["engine/text", "engine/binary", "engine/valid", "engine/exec", "engine/interp", "component/text",
              "component/valid", "component/wit"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path: str) -> str | None:
    """The longest key of ALLOWED that the path lies in."""
    matches = [key for key in ALLOWED if path.startswith(key + "/")]
    return max(matches, key=len) if matches else None


def main() -> int:
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc", "*.inc", "*.def"],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    problems = []
    for name in files:
        folder = folder_of(name)
        if folder is None or not (ROOT / name).exists():
            continue
        allowed = [folder, *ALLOWED[folder]]
        if name == "compiler/llvm/llvm_test.cc":
            allowed += ["spectest"]  # compiles every module of the official suite
        if name.endswith("_test.cc") or "_test" in pathlib.Path(name).stem:
            allowed += TEST_EXTRA
            if folder.startswith("component/"):
                allowed += ["component/text", "component/binary"]  # tests write components as text
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            if folder_of(target) is None:
                continue  # a library's header
            if not any(target.startswith(prefix + "/") for prefix in allowed):
                problems.append(f"{name}:{number}: {folder} may not include {target}")
    print("\n".join(problems) or f"layers: {len(files)} files, all includes point downwards")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
