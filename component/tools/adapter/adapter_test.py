#!/usr/bin/env python3
"""adapter_test.py GUESTS SKIFF...: programs for WASI preview 1 behave the same as components made by the adapter.

SKIFF_TEST_TIER names the tier that runs them."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

GUESTS = pathlib.Path(sys.argv[1])
SKIFF = sys.argv[2:]
ROOT = pathlib.Path(__file__).resolve().parents[3]
LUA = (ROOT / "examples/lua/script.lua").read_bytes()
TIER = [f"--tier={os.environ['SKIFF_TEST_TIER']}"] if "SKIFF_TEST_TIER" in os.environ else []
EMULATED = "SKIFF_EMULATED" in os.environ
LARGE = (ROOT / "engine/syntax/opcodes.def").read_bytes()[:10000] * 7  # more than one chunk


def snapshot(folder):
    """What is in a folder: contents of files, targets of links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        found[str(path.relative_to(folder))] = (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None)
    return found


class Adapter(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = pathlib.Path(temporary.name)

    def run_one(self, program, side, args, stdin, files, options):
        """Exit status, output, messages and the files left behind."""
        folder = self.dir / side
        readonly = self.dir / (side + ".ro")
        folder.mkdir()
        readonly.mkdir()
        (readonly / "given").write_text("given")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        r = subprocess.run([*SKIFF, "run", *TIER, *options, "--dir", f"{folder}::/", "--dir", f"{readonly}::/ro::ro",
                            str(program), *args], input=stdin, capture_output=True, timeout=240)
        return r.returncode, r.stdout, r.stderr, snapshot(folder), snapshot(readonly)

    def component(self, module):
        made = self.dir / "made.wasm"
        r = subprocess.run([*SKIFF, "component", "new", str(module), "-o", str(made)], capture_output=True)
        self.assertEqual((r.returncode, r.stderr), (0, b""))
        return made

    def same(self, name, *args, stdin=b"", files={}, options=()):
        module = GUESTS / (name + ".wasm")
        if not module.exists():
            self.skipTest(f"SKIPPED: {name} is not built")
        made = self.component(module)
        plain = self.run_one(module, "module", args, stdin, files, options)
        adapted = self.run_one(made, "component", args, stdin, files, options)
        # Of read-only directories the two worlds tell differently.
        output = adapted[1].replace(b"Read-only file system", b"Operation not permitted")
        self.assertEqual((adapted[0], output, *adapted[2:]), plain)
        expected = ROOT / f"wasi/p1/testdata/{name}.expected"
        if expected.exists():
            self.assertEqual(plain[1], expected.read_bytes())

    def status(self, body, expected, stdin=b""):
        """The status of a module whose _start runs `body`, which ends with the status on the stack."""
        wat = self.dir / "main.wat"
        wat.write_text("""(module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
          (memory (export "memory") 2)
          (data (i32.const 0) "\\40\\00\\00\\00\\08\\00\\00\\00")
          (data (i32.const 16) "\\ff\\ff\\01\\00\\08\\00\\00\\00")
          (data (i32.const 64) "bytes \\ff\\0a")
          (func (export "_start") (call $exit %s)))""" % body)
        got = self.run_one(self.component(wat), f"status{expected}", (), stdin, {}, ())
        self.assertEqual((got[0], got[2]), (expected, b""))
        return got

    def test_hello(self):
        self.same("hello", "one", "two words")

    def test_files(self):
        self.same("files")

    def test_lua(self):
        self.same("lua", "script.lua", "first", files={"script.lua": LUA})

    def test_lua_stdin(self):
        self.same("lua", "-", stdin=b"for line in io.lines('in') do print(#line) end " * 300, files={"in": b"a\nbc"})

    def test_bzip2(self):
        self.same("bzip2", "-k", "large", files={"large": LARGE})

    def test_bzip2_streams(self):
        self.same("bzip2", "-c", stdin=LARGE)

    @unittest.skipIf(EMULATED, "SKIPPED: too slow on an emulator")
    def test_sqlite(self):
        self.same("sqlite")

    def test_p1(self):
        for name in ("p1_files", "p1_readdir", "p1_sandbox", "p1_time"):
            with self.subTest(name):
                self.setUp()
                self.same(name)

    def test_io(self):
        self.same("adapter_io")

    def test_p1_args(self):
        self.same("p1_args", "42", "two words", options=("--env", "NAME=a=b c"))

    def test_what_the_program_gets_wrong(self):
        write = "(call $write (i32.const {}) (i32.const {}) (i32.const {}) (i32.const {}))"
        for body, expected in (
            (write.format(1, 0, 1, 32), 0),
            (write.format(1, 16, 1, 32), 21),           # bytes beyond the memory
            (write.format(1, 0x1FFFF, 1, 32), 21),      # the list of buffers
            (write.format(1, 0, -1, 32), 21),
            (write.format(1, 0, 1, -4), 21),            # the result
            (write.format(0, 0, 1, 32), 8),
            (write.format(3, 0, 1, 32), 8),
            (write.format(99, 0, 1, 32), 8),
            ("(call $mkdir (i32.const 3) (i32.const 64) (i32.const 8))", 25),
            ("(call $mkdir (i32.const 3) (i32.const 0) (i32.const 3))", 28),
            ("(call $mkdir (i32.const 1) (i32.const 64) (i32.const 5))", 54),
            ("(call $random (i32.const 64) (i32.const 0x1FFC1))", 21),
            ("(call $random (i32.const 64) (i32.const 0x1FF00))", 0),
            ("(call $shutdown (i32.const 1) (i32.const 3))", 57),
            ("(call $shutdown (i32.const 7) (i32.const 3))", 8),
            ("(call $time (i32.const 9) (i64.const 0) (i32.const 64))", 28),
            ("(call $readdir (i32.const 0) (i32.const 64) (i32.const 8) (i64.const 0) (i32.const 0))", 54),
            ("(i32.add (call $close (i32.const 1)) %s)" % write.format(1, 0, 1, 32), 8),
            ("(i32.add (call $renumber (i32.const 1) (i32.const 2)) %s)" % write.format(2, 0, 1, 32), 0),
        ):
            with self.subTest(body):
                self.setUp()
                self.status(body, expected)

    def test_reading(self):
        read = "(call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32))"
        self.status(f"(i32.add {read} (i32.load (i32.const 32)))", 5, stdin=b"12345")
        self.setUp()
        self.status(f"(i32.add {read} (i32.load (i32.const 32)))", 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
