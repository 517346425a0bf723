#!/usr/bin/env python3
"""Kernels on all engines that this machine has, interleaved in one run, as ratios to native code.

usage: run.py [--build DIR] [--rounds N] [--engines a,b] [--scalar] [KERNEL...]

Each kernel (bench/kernels/*.c) and program (bench/programs/*.c, with libraries from Debian's sources; left out where
these are not there) times itself, so that start-up and compilation do not count, and prints a
checksum that must agree. Engines: native (clang -O3), skiff-<tier> for every tier, wasmtime (PyPI package), v8
(node), wasm-interp (wabt). The best of all rounds counts; machines are noisy, trust ratios only. --table puts
machine and versions in front: what docs/speed.md holds. --scalar: wasm without vector instructions, which is what
compilers make unless they are told otherwise.
"""

import argparse
import math
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
GUESTS = ROOT / "build" / "guests"
RESULT = re.compile(r"ns (\d+) checksum ([0-9a-f]+)")


SOURCES = ROOT / "build" / "sources"
COMPAT = ROOT / "examples" / "guest"
# Folder, files, flags, and flags for wasm alone, of the library that a program needs.
LIBRARIES = {
    "bzip2": (SOURCES / "bzip2", "blocksort huffman crctable randtable compress decompress bzlib".split(),
              ["-DBZ_NO_STDIO"], []),
    "lua": (SOURCES / "lua5.4" / "src",
            "lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib llex lmathlib "
            "lmem loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable ltablib ltm lundump lutf8lib "
            "lvm lzio".split(),
            [], ["-include", "compat.h", COMPAT / "compat.c", COMPAT / "sjlj.c"]),
    "sqlite": (SOURCES / "sqlite-amalgamation", ["sqlite3"],
               ["-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL", "-DSQLITE_MAX_MMAP_SIZE=0"],
               ["-include", "compat.h", COMPAT / "compat.c"]),
}


def build(name: str, scalar: bool) -> None:
    flags = ["-O3", "-ffp-contract=off"]
    source = ROOT / "bench" / "kernels" / f"{name}.c"
    header = source.parent / "bench.h"
    wasm_flags = [] if scalar else ["-msimd128"]
    if name in LIBRARIES:
        source = ROOT / "bench" / "programs" / f"{name}.c"
        folder, files, more, wasm_more = LIBRARIES[name]
        flags += [f"-I{header.parent}", f"-I{folder}", *more, *(folder / f"{f}.c" for f in files)]
        wasm_flags += wasm_more
    for output, command in [
        (wasm_of(name, scalar), [ROOT / "cmake" / "guest_cc.sh", GUESTS, *flags, *wasm_flags, source]),
        (GUESTS / f"bench_{name}.native", ["clang-22", *flags, source, "-lm"]),
    ]:
        if not output.exists() or output.stat().st_mtime < max(source.stat().st_mtime, header.stat().st_mtime):
            subprocess.run([*command, "-o", output], check=True)


def wasm_of(name: str, scalar: bool) -> pathlib.Path:
    return GUESTS / f"bench_{name}{'_scalar' if scalar else ''}.wasm"


def all_names() -> list[str]:
    names = sorted(p.stem for p in (ROOT / "bench" / "kernels").glob("*.c"))
    for name, library in LIBRARIES.items():
        if library[0].exists():
            names.append(name)
        else:
            print(f"{name}: left out, no {library[0]}: ./dev test fetches it", file=sys.stderr)
    return names


def engines(skiff: pathlib.Path, wasm: pathlib.Path, name: str, wanted: list[str]) -> dict[str, list]:
    found = {"native": [GUESTS / f"bench_{name}.native"]}
    tiers = subprocess.run([skiff, "version", "--json"], capture_output=True, text=True, check=False).stdout
    for tier in re.findall(r'"(interp|baseline|llvm)"', tiers) or ["interp"]:
        found[f"skiff-{tier}"] = [skiff, "run", f"--tier={tier}", wasm]
    peers = ROOT / "bench" / "peers"
    if subprocess.run([sys.executable, "-c", "import wasmtime"], capture_output=True, check=False).returncode == 0:
        found["wasmtime"] = [sys.executable, peers / "wasmtime_run.py", wasm]
    if shutil.which("node"):
        found["v8"] = ["node", "--no-warnings", peers / "node_run.mjs", wasm]
    return {key: value for key, value in found.items() if not wanted or key in wanted}


def first_line(command: list) -> str:
    try:
        run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    except OSError:
        return "missing"
    return (run.stdout or run.stderr).strip().split("\n")[0]


def print_machine(skiff: pathlib.Path) -> None:
    info = pathlib.Path("/proc/cpuinfo").read_text() if pathlib.Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", info)
    cores = info.count("processor\t")
    peer = "import importlib.metadata as m; print(m.version('wasmtime'))"
    print(f"CPU: {model.group(1) if model else 'unknown'}, {cores} cores. {first_line([skiff, 'version'])};")
    print(f"native: {first_line(['clang-22', '--version'])}; wasmtime (PyPI) {first_line([sys.executable, '-c', peer])};")
    print(f"v8: node {first_line(['node', '--version'])}. Time relative to native code, the best of all rounds.\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help="build folder with bin/skiff")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default="")
    parser.add_argument("--scalar", action="store_true", help="wasm without vector instructions")
    parser.add_argument("--table", action="store_true", help="with machine and versions")
    parser.add_argument("kernels", nargs="*")
    options = parser.parse_args()
    skiff = pathlib.Path(options.build) / "bin" / "skiff"
    names = options.kernels or all_names()
    if options.table:
        print_machine(skiff)
    ratios: dict[str, list[float]] = {}
    columns: list[str] = []
    GUESTS.mkdir(parents=True, exist_ok=True)
    for name in names:
        build(name, options.scalar)
        best: dict[str, int] = {}
        sums: dict[str, str] = {}
        commands = engines(skiff, wasm_of(name, options.scalar), name, options.engines.split(",") if options.engines else [])
        for _ in range(options.rounds):
            for engine, command in commands.items():
                run = subprocess.run([*map(str, command), "3"], capture_output=True, text=True, check=False)
                match = RESULT.search(run.stdout)
                if not match:
                    print(f"{name} on {engine} failed: {(run.stderr or run.stdout)[:300]}", file=sys.stderr)
                    continue
                best[engine] = min(best.get(engine, 1 << 62), int(match.group(1)))
                sums[engine] = match.group(2)
        if len(set(sums.values())) > 1:
            print(f"{name}: checksums differ: {sums}", file=sys.stderr)
            return 1
        if not columns:
            columns = list(best)
            print("| kernel | native ms | " + " | ".join(c for c in columns if c != "native") + " |")
            print("|---" * (len(columns) + 1) + "|")
        cells = []
        for engine in columns:
            if engine == "native":
                continue
            ratio = best[engine] / best["native"] if engine in best and "native" in best else float("nan")
            ratios.setdefault(engine, []).append(ratio)
            cells.append(f"{ratio:.2f}")
        print(f"| {name} | {best.get('native', 0) / 1e6:.2f} | " + " | ".join(cells) + " |", flush=True)
    means = []
    for values in ratios.values():
        numbers = [v for v in values if v == v]
        means.append(f"{math.exp(sum(map(math.log, numbers)) / len(numbers)):.2f}" if numbers else "-")
    print("| **geometric mean** | | " + " | ".join(means) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
