#!/usr/bin/env python3
"""Drives the `skiff` program as a user would: exit codes, messages, hostile files.

Usage: cli_test.py PATH_TO_SKIFF [unittest arguments]
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

# Cross builds run it by an emulator, given in the environment.
SKIFF = os.environ.get("SKIFF_EMULATOR", "").split() + [os.path.abspath(sys.argv[1])]

# _start exits with status 7.
EXIT_7 = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 7))))"""

# Writes its standard output from a data segment.
HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""

# Writes its arguments, separated by zero bytes.
ARGS = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $esizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $eget (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $out (i32.store (i32.const 8) (i32.const 8192))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 64) (i32.const 8192)))
    (call $out)
    (drop (call $esizes (i32.const 0) (i32.const 4)))
    (drop (call $eget (i32.const 64) (i32.const 8192)))
    (call $out)))"""

NUMBERS = """(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "v128") (param v128) (result v128) (local.get 0))
  (func (export "ref") (param externref) (result externref) (local.get 0))
  (func (export "two") (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))
  (func (export "nothing")))"""

TRAPS = """(module
  (memory 1)
  (func $crash (drop (i32.load (i32.const -4))))
  (func $_start (export "_start") (call $crash)))"""

DIVIDE = """(module (memory (export "memory") 1)
  (func $f (export "f") (param i32) (result i32) (i32.div_u (i32.const 84) (local.get 0))))"""

# The compiler's library lies next to the program in a build.
HAS_COMPILER = len(SKIFF) == 1 and os.path.exists(os.path.join(os.path.dirname(SKIFF[0]), "libskiff-llvm.so"))

SUM = """(module (func (export "sum") (param i32) (result i32) (local i32)
  (loop (local.set 1 (i32.add (local.get 1) (call $id (local.get 0))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1))
  (func $id (param i32) (result i32) (if (result i32) (i32.and (local.get 0) (i32.const 1))
    (then (local.get 0)) (else (i32.add (local.get 0) (i32.const 0))))))"""

FIB = """(module (func $fib (export "fib") (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"""

LOOP = '(module (func (export "_start") (loop (br 0))))'


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="skiff-cli-")
        # A process that fills the cache in the background may still be at it.
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def file(self, name, content):
        path = os.path.join(self.dir, name)
        mode = "wb" if isinstance(content, bytes) else "w"
        with open(path, mode) as f:
            f.write(content)
        return name

    def skiff(self, *args, stdin=b"", env=None, timeout=60):
        return subprocess.run([*SKIFF, *args], cwd=self.dir, input=stdin, capture_output=True, timeout=timeout,
                              env={**os.environ, "SKIFF_CACHE_DIR": os.path.join(self.dir, "cache"), **(env or {})})

    def check(self, *args, status=0, out=None, err=None, **kwargs):
        """Runs and compares; `out` is the whole output, `err` a part of the error output (or a list of them)."""
        r = self.skiff(*args, **kwargs)
        text = f"{args}\nstdout: {r.stdout!r}\nstderr: {r.stderr.decode(errors='replace')}"
        self.assertEqual(r.returncode, status, text)
        if out is not None:
            self.assertEqual(r.stdout, out.encode() if isinstance(out, str) else out, text)
        for part in [err] if isinstance(err, str) else err or []:
            self.assertIn(part, r.stderr.decode(errors="replace"), text)
        if status == 0 and err is None:
            self.assertEqual(r.stderr, b"", text)
        return r

    # Help, usage.

    def test_help(self):
        for args in (["help"], ["--help"], ["-h"]):
            r = self.check(*args)
            self.assertIn(b"validate", r.stdout)
        for command in ("run", "compile", "cache", "validate", "wat", "wat2wasm", "dump", "wast", "inspect", "component",
                        "help", "completion", "version"):
            r = self.check("help", command)
            self.assertIn(f"Usage: skiff {command}".encode(), r.stdout)
            self.assertEqual(self.check(command, "--help").stdout, r.stdout)
            for line in r.stdout.decode().splitlines():
                self.assertLessEqual(len(line), 130)

    def test_version(self):
        self.assertRegex(self.check("version").stdout, rb"^skiff \d+\.\d+\.\d+\n$")
        self.assertEqual(self.check("--version").stdout, self.check("version").stdout)
        self.assertIn("interp", json.loads(self.check("version", "--json").stdout)["tiers"])

    def test_usage_errors(self):
        self.check(status=2, err="Usage: skiff")
        self.check("vaildate", status=2, err="did you mean 'validate'?")
        self.check("app.wasm", status=2, err="skiff run app.wasm")
        self.check("run", status=2, err="missing operand")
        self.check("run", "--tmeout=1", "x", status=2, err="did you mean '--timeout'?")
        self.check("run", "--timeout", status=2, err="needs a value")
        self.check("run", "--inherit-env=1", "x", status=2, err="takes no value")
        self.check("run", "--tier=warp", "x", status=2, err="unknown tier 'warp'")
        self.check("run", "--features=warp", "x", status=2, err="unknown feature 'warp'")
        self.check("run", "--max-memory=much", "x", status=2, err="'much' is not a size")
        self.check("run", "--timeout=soon", "x", status=2, err="'soon' is not a duration")
        self.check("wat", "a", "b", status=2, err="unexpected argument 'b'")
        self.check("help", "nothing", status=2, err="unknown command")
        path = self.file("a.wat", EXIT_7)
        self.check("run", "--env=x", path, status=2, err="NAME=VALUE")
        self.check("run", "--dir=a::b::c", path, status=2, err="HOST[::GUEST][::ro]")

    def test_completion_and_manual(self):
        for shell in ("bash", "zsh", "fish"):
            r = self.check("completion", shell)
            self.assertIn(b"max-memory", r.stdout)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=r.stdout, check=True)
        self.check("completion", "tcsh", status=2, err="known: bash, zsh, fish")
        self.assertIn(b".SH COMMANDS", self.check("help", "--man").stdout)
        self.assertIn(b"skiff component new", self.check("help", "--man").stdout)

    def test_help_of_tools(self):
        text = self.check("help", "component", "new").stdout
        self.assertIn(b"Usage: skiff component new", text)
        self.assertEqual(self.check("component", "new", "--help").stdout, text)
        self.check("help", "component", "nwe", status=2, err="did you mean 'new'?")
        self.check("help", "run", "new", status=2, err="unknown tool 'new'")

    # Files.

    def test_bad_files(self):
        self.check("run", "absent.wasm", status=1, err="absent.wasm: cannot read file: No such file")
        self.check("run", self.dir, status=1, err="Is a directory")
        self.check("validate", "absent.wasm", status=1, err="absent.wasm")
        if os.geteuid() != 0:
            path = self.file("secret.wasm", b"\0asm\1\0\0\0")
            os.chmod(os.path.join(self.dir, path), 0)
            self.check("run", path, status=1, err="Permission denied")
        self.check("wat2wasm", self.file("m.wat", "(module)"), "-o", "no/such/dir.wasm", status=1, err="cannot write file")

    def test_malformed(self):
        cases = {
            b"": "unexpected end", b"\0": "unexpected end", b"\0asm": "unexpected end", b"\0asm\2\0\0\0": "unknown binary version",
            b"\0asm\1\0\0\0\1\xff\xff\xff\xff\x0f": "malformed: ", b"MZ\x90\0": "magic header",
            b"\0asm\1\0\0\0\x7f\0": "malformed section id", b"\xff" * 4096: "magic header",
        }
        for content, message in cases.items():
            path = self.file("bad.wasm", content)
            for command in ("run", "compile", "validate", "wat", "dump"):
                self.check(command, path, status=1, err=["bad.wasm: malformed: ", message])
        self.check("validate", self.file("bad.wasm", b"\0asm\1\0\0\0\x7f\0"), status=1, err="at offset 0x8")

    def test_truncated_and_flipped(self):
        path = self.file("hello.wat", HELLO)
        self.check("wat2wasm", path)
        with open(os.path.join(self.dir, "hello.wasm"), "rb") as f:
            good = f.read()
        for n in range(0, len(good), 7):
            r = self.skiff("validate", self.file("cut.wasm", good[:n]))
            self.assertIn(r.returncode, (0, 1), f"cut at {n}")
        for n in range(8, len(good), 5):
            r = self.skiff("dump", "-d", self.file("flip.wasm", good[:n] + bytes([good[n] ^ 0x55]) + good[n + 1:]))
            self.assertIn(r.returncode, (0, 1), f"flipped at {n}")

    def test_invalid_names_the_function(self):
        wat = self.file("m.wat", "(module (func $fine) (func $broken (result i32) (i64.const 0)))")
        self.check("wat2wasm", "--no-check", wat)
        self.check("run", "m.wasm", status=1, err=["m.wasm: invalid: type mismatch", "at offset 0x", '(func 1 "broken")'])
        self.check("validate", wat, status=1, err=["m.wat:1:62: error: invalid: type mismatch", '(func 1 "broken")'])
        self.check("run", wat, status=1, err="m.wat:1:62: error: invalid: type mismatch")
        self.check("wat2wasm", wat, status=1, err="type mismatch")

    def test_text_caret(self):
        wat = self.file("m.wat", "(module\n  (func\n    i32.foo))\n")
        self.check("validate", wat, status=1,
                   err=["m.wat:3:5: error: unknown operator", "  3 |     i32.foo))\n    |     ^\n"])
        self.check("run", self.file("long.wat", "(module " + "(func) " * 1000 + "(fun))"), status=1, err="^")
        self.check("run", self.file("utf8.wat", "(module (func $\xff".encode("latin-1") + b"))"), status=1, err="error: ")
        self.check("run", self.file("open.wat", "(module\n(func"), status=1, err="open.wat:2:")

    def test_control_characters_of_guests_are_not_printed(self):
        wat = self.file("m.wat", r'(module (import "\1b[31m" "x\07" (func)) (func (export "_start")))')
        r = self.check("run", wat, status=1, err="unknown import")
        self.assertNotIn(b"\x1b", r.stderr)
        self.assertNotIn(b"\x07", r.stderr)

    def test_no_colours(self):
        self.assertNotIn(b"\x1b", self.skiff("run", "absent.wasm").stderr)

    # Running.

    def test_exit_status(self):
        self.check("run", self.file("a.wat", EXIT_7), status=7, out="")
        self.check("run", self.file("b.wat", '(module (func (export "_start")))'), status=0, out="")

    def test_hello(self):
        wat = self.file("hello.wat", HELLO)
        self.check("run", wat, out="hello\n")
        self.check("wat2wasm", wat)
        self.check("run", "hello.wasm", out="hello\n")
        with open(os.path.join(self.dir, "hello.wasm"), "rb") as f:
            self.check("run", "-", stdin=f.read(), out="hello\n")
        self.check("run", "-", stdin=HELLO.encode(), out="hello\n")

    def test_arguments_and_environment(self):
        wat = self.file("args.wat", ARGS)
        self.check("run", wat, "a", "--dir", "-x", "--", out="args.wat\0a\0--dir\0-x\0--\0")
        self.check("run", "--env", "A=1", "--env=B=x=y", "--env", "A=2", "--", wat, out="args.wat\0B=x=y\0A=2\0")
        self.check("run", "--argv0=me", wat, out="me\0")
        r = self.check("run", "--inherit-env", wat, env={"SKIFF_TEST_VARIABLE": "yes"})
        self.assertIn(b"SKIFF_TEST_VARIABLE=yes\0", r.stdout)
        self.assertNotIn(b"SKIFF_TEST", self.check("run", wat, env={"SKIFF_TEST_VARIABLE": "yes"}).stdout)

    def test_dir(self):
        wat = self.file("a.wat", EXIT_7)
        self.check("run", "--dir", ".", wat, status=7)
        self.check("run", "--dir", ".::/data::ro", wat, status=7)
        self.check("run", "--dir", "absent", wat, status=1, err="cannot open directory 'absent'")

    def test_no_entry(self):
        self.check("run", self.file("lib.wat", '(module (func (export "add")) (func (export "sub")))'), status=1,
                   err=["no exported function '_start'", "--invoke", "  add\n", "  sub\n"])
        self.check("run", self.file("e.wat", "(module)"), status=1, err="It exports no functions.")
        self.check("run", "--invoke=ad", "lib.wat", status=1, err="did you mean 'add'?")

    def test_unlinkable(self):
        wat = self.file("m.wat", '(module (import "env" "f" (func)) (func (export "_start")))')
        self.check("run", wat, status=1, err=["m.wat: unlinkable: unknown import", "env"])

    def test_invoke_numbers(self):
        wat = self.file("n.wat", NUMBERS)

        def invoke(name, *args):
            r = self.check("run", "--invoke", name, wat, *args)
            return r.stdout.decode()

        for text, expected in {"0": "0", "-1": "-1", "0xffffffff": "-1", "2147483648": "-2147483648", "1_000": "1000"}.items():
            self.assertEqual(invoke("i32", text), expected + "\n")
        for text, expected in {"-9223372036854775808": "-9223372036854775808", "18446744073709551615": "-1"}.items():
            self.assertEqual(invoke("i64", text), expected + "\n")
        for name in ("f32", "f64"):
            for text in ("0", "-0", "1.5", "-2.25", "inf", "-inf", "1e10", "0x1p-3"):
                value = invoke(name, text).strip()
                expected = float.fromhex(text) if "0x" in text else float(text)
                got = float.fromhex(value) if "0x" in value else float(value)
                self.assertEqual(str(got), str(expected), (name, text, value))
            self.assertEqual(invoke(name, "nan"), "nan\n")
            self.assertEqual(invoke(name, "-nan:0x300000" if name == "f32" else "nan:0x123"),
                             ("-nan:0x300000" if name == "f32" else "nan:0x123") + "\n")
        self.assertEqual(invoke("v128", "0x1"), "0x00000000000000000000000000000001\n")
        self.assertEqual(invoke("v128", "0xfedcba98765432100123456789abcdef"), "0xfedcba98765432100123456789abcdef\n")
        self.assertEqual(invoke("ref", "null"), "null\n")
        self.assertEqual(invoke("two", "1", "2"), "2\n1\n")
        self.assertEqual(invoke("nothing"), "")

    def test_invoke_errors(self):
        wat = self.file("n.wat", NUMBERS)
        self.check("run", "--invoke", "i32", wat, status=2, err="takes 1 arguments")
        self.check("run", "--invoke", "i32", wat, "x", status=2, err="argument 1: 'x' is not a value of type i32")
        self.check("run", "--invoke", "i32", wat, "4294967296", status=2, err="not a value of type i32")
        self.check("run", "--invoke", "v128", wat, "0x" + "0" * 33, status=2, err="type v128")
        self.check("run", "--invoke", "ref", wat, "1", status=2, err="not a value of type")

    def test_reactor_is_initialised(self):
        wat = self.file("r.wat", """(module (global $g (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $g (i32.const 5)))
            (func (export "get") (result i32) (global.get $g)))""")
        self.check("run", "--invoke", "get", wat, out="5\n")

    def test_trap_backtrace(self):
        r = self.check("run", self.file("t.wat", TRAPS), status=134,
                       err=["t.wat trapped: out of bounds memory access", "0: 0x", "crash (func 0)", "_start (func 1)"])
        frames = [line for line in r.stderr.decode().splitlines() if "(func " in line]
        self.assertEqual(len(frames), 2)
        self.assertIn("t.wat:3:23", frames[0])
        self.assertIn("t.wat:4:36", frames[1])
        self.check("run", self.file("s.wat", "(module (func $s (unreachable)) (start $s) (func (export \"_start\")))"),
                   status=134, err="unreachable")
        self.check("run", self.file("x.wat", '(module (tag $e) (func (export "_start") (throw $e)))'), status=134,
                   err="uncaught exception")

    def test_deep_recursion(self):
        wat = self.file("d.wat", '(module (func $_start (export "_start") (call $_start)))')
        r = self.check("run", wat, status=134, err=["call stack exhausted", "more frames"])
        self.assertLess(r.stderr.count(b"\n"), 100)
        self.check("run", "--stack-size=64K", wat, status=134, err="call stack exhausted")

    def test_timeout(self):
        start = time.monotonic()
        self.check("run", "--timeout=200ms", self.file("loop.wat", LOOP), status=124)
        self.assertLess(time.monotonic() - start, 20)
        self.check("run", "--timeout=10s", self.file("a.wat", EXIT_7), status=7)

    def test_max_memory(self):
        wat = self.file("m.wat", """(module (memory 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""")
        self.check("run", "--max-memory=1M", "--invoke=grow", wat, "1", out="1\n")
        self.check("run", "--max-memory=1M", "--invoke=grow", wat, "15", out="1\n")
        self.check("run", "--max-memory=1M", "--invoke=grow", wat, "16", out="-1\n")
        self.check("run", "--max-memory=32K", "--invoke=grow", wat, "0", status=1, err="limit exceeded")

    def test_features(self):
        wat = self.file("m.wat", '(module (memory 1) (memory 1) (func (export "_start")))')
        self.check("run", wat)
        self.check("run", "--features=-multi-memory", wat, status=1, err="multiple memories")

    def test_interrupt_ends_by_signal(self):
        p = subprocess.Popen([*SKIFF, "run", "--no-cache", self.file("loop.wat", LOOP)], cwd=self.dir)
        time.sleep(0.3)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(20), -signal.SIGINT)

    def test_fuel(self):
        wat = self.file("sum.wat", SUM)
        tiers = ["interp"] + (["llvm", "auto"] if HAS_COMPILER else [])
        used = set()
        for tier in tiers:
            run = ["run", f"--tier={tier}", "-v", "--no-cache", "--invoke=sum", "--fuel=100000", wat]
            for _ in range(2):
                r = self.check(*run, "100", out="5050\n", err="fuel consumed")
                used.add(re.search(rb"(\d+) of 100000 fuel", r.stderr).group(1))
            self.check(*run, "100000", status=134, err="all fuel consumed")
            self.check("run", f"--tier={tier}", "--no-cache", "--fuel=1000000", self.file("loop.wat", LOOP), status=134,
                       err="all fuel consumed")
        self.assertEqual(len(used), 1, used)
        # One less than it takes does not do.
        enough = int(used.pop())
        for tier in tiers:
            run = ["run", f"--tier={tier}", "--no-cache", "--invoke=sum"]
            self.check(*run, f"--fuel={enough}", wat, "100", out="5050\n")
            self.check(*run, f"--fuel={enough - 1}", wat, "100", status=134, err="all fuel consumed")
        self.check("run", "--fuel=much", wat, status=2, err="'much' is not a number")

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_compiled_code_can_be_interrupted(self):
        self.check("run", "--tier=llvm", "--no-cache", "--timeout=300ms", self.file("loop.wat", LOOP), status=124)

    def test_limits_of_tables_and_instances(self):
        wat = self.file("t.wat", '(module (table 10 funcref) (func (export "_start")))')
        self.check("run", "--max-table-elements=10", wat)
        self.check("run", "--max-table-elements=9", wat, status=1, err="table elements")
        self.check("run", "--max-instances=0", wat, status=1, err="instances")

    # Compiled code. What the cache promises in detail: runtime/cache/*_test.cc.

    def test_cache_options(self):
        self.check("cache", out="0.0K in 0 entries in " + self.dir + "/cache\n")
        self.check("cache", "path", out=self.dir + "/cache\n")
        self.check("cache", "path", "--cache-dir=x", out="x\n")
        self.check("cache", "path", out="/xdg/skiff\n", env={"SKIFF_CACHE_DIR": "", "XDG_CACHE_HOME": "/xdg"})
        self.check("cache", "path", status=1, err="no cache folder",
                   env={"SKIFF_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": ""})
        self.check("cache", "clear", out="removed 0 entries\n")
        self.check("cache", "empty", status=2, err="known: list, add, clear, path")
        self.check("run", "--cache-size=much", "x", status=2, err="--cache-size")
        self.check("compile", self.file("d.wat", DIVIDE), "--target=pdp11", status=2, err="known targets: native")
        self.assertEqual(json.loads(self.check("cache", "--json").stdout)["entries"], [])

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_second_run_takes_code_from_the_cache(self):
        wat = self.file("d.wat", DIVIDE)
        llvm = ["run", "-v", "--tier=llvm", "--invoke=f", wat]
        self.check(*llvm, "2", out="42\n", err=["not in the cache", "added to the cache"])
        self.check(*llvm, "2", out="42\n", err="found in the cache")
        self.check(*llvm, "0", status=134, err=["integer divide by zero", "f (func 0)"])
        entries = json.loads(self.check("cache", "--json").stdout)["entries"]
        self.assertEqual([entry["name"] for entry in entries], ["d.wat"])
        self.assertIn(b"d.wat", self.check("cache").stdout)
        # Another CPU feature set, other bytes: other code.
        self.check("run", "-v", "--tier=llvm", "--features=-simd", "--invoke=f", wat, "2", out="42\n", err="not in the cache")
        # Damage is noted and repaired.
        path = os.path.join(self.dir, "cache", entries[0]["file"])
        os.truncate(path, 100)
        self.check(*llvm, "2", out="42\n", err=["truncated artifact", "added to the cache"])
        self.check(*llvm, "2", out="42\n", err="found in the cache")
        self.check("cache", "clear", out="removed 2 entries\n")
        self.check(*llvm, "2", out="42\n", err="not in the cache")

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_auto_goes_on_in_compiled_code(self):
        # Runs longer and longer until it is compiled while it runs; the code is there for the next run.
        wat = self.file("fib.wat", FIB)
        for n, result in ((32, 2178309), (36, 14930352), (40, 102334155)):
            cache = f"--cache-dir={self.dir}/cache-{n}"
            run = ["run", "-v", cache, "--invoke=fib", wat, str(n)]
            first = self.check(*run, out=f"{result}\n", err="not in the cache", timeout=300)
            if b"goes on in machine code" in first.stderr:
                self.check(*run, out=f"{result}\n", err="found in the cache", timeout=300)
                return
        self.fail("the interpreter never went on in machine code")

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_cache_add(self):
        wat = self.file("d.wat", DIVIDE)
        self.check("cache", "add", "-v", wat, err="added to the cache")
        self.check("run", "-v", "--invoke=f", wat, "2", out="42\n", err="found in the cache")
        self.check("cache", "add", "nothing.wasm", status=1, err="nothing.wasm")

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_dump_native(self):
        wat = self.file("d.wat", DIVIDE)
        for func in ("0", "f"):
            r = self.check("dump", "--native", f"--func={func}", wat)
            self.assertIn(b"func 0 $f:\n", r.stdout)
            self.assertIn(b"i32.div_u", r.stdout)
            self.assertIn(b"ret", r.stdout)
        self.check("dump", "--native", "--func=g", wat, status=1, err="no defined function 'g'")
        self.check("compile", "--target=riscv64", wat, "-o", "d.skiff")
        self.assertIn(b"divuw", self.check("dump", "--native", "d.skiff").stdout)

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_profiles(self):
        wat = self.file("d.wat", DIVIDE)
        p = subprocess.Popen([*SKIFF, "run", "--tier=llvm", "--no-cache", "--profile=perfmap", "--invoke=f", wat, "2"],
                             cwd=self.dir, stdout=subprocess.DEVNULL)
        self.assertEqual(p.wait(60), 0)
        path = f"/tmp/perf-{p.pid}.map"
        self.addCleanup(os.unlink, path)
        with open(path) as f:
            self.assertRegex(f.read(), r"(?m)^[0-9a-f]+ [0-9a-f]+ f$")
        self.check("run", "--tier=llvm", "--no-cache", "--profile=jitdump", "--invoke=f", wat, "2", out="42\n")
        dumps = [n for n in os.listdir(self.dir) if n.startswith("jit-")]
        self.assertEqual(len(dumps), 1)
        with open(os.path.join(self.dir, dumps[0]), "rb") as f:
            content = f.read()
        self.assertTrue(content.startswith(b"DTiJ"))
        at, names = 40, []
        while at < len(content):
            kind, size, _ = struct.unpack_from("<IIQ", content, at)
            if kind == 0:
                code_size, = struct.unpack_from("<Q", content, at + 40)
                name = content[at + 56:content.index(b"\0", at + 56)]
                names.append(name)
                self.assertEqual(size, 56 + len(name) + 1 + code_size)
            at += size
        self.assertEqual(at, len(content))
        self.assertIn(b"f", names)
        self.check("run", "--profile=flame", wat, status=2, err="known: perfmap, jitdump")

    @unittest.skipUnless(HAS_COMPILER and os.path.isdir("/usr/lib/wasm32-wasi") and shutil.which("clang-22"),
                         "needs libskiff-llvm, clang and wasi-libc")
    def test_traps_name_source_lines(self):
        source = self.file("trap.c", """__attribute__((noinline)) static int divide(int a, int b) {
  if (b == 0)
    __builtin_trap();
  return a / b;
}
int main(int argc, char** argv) { return divide(10, argc - 1); }
""")
        cc = os.path.join(os.path.dirname(__file__), "../../cmake/guest_cc.sh")
        subprocess.run(["bash", cc, self.dir, "-g", "-O1", source, "-o", "trap.wasm"], cwd=self.dir, check=True)
        for tier in ("interp", "llvm"):
            r = self.check("run", f"--tier={tier}", "--no-cache", "trap.wasm", status=134)
            self.assertRegex(r.stderr.decode(), r"0: 0x[0-9a-f]+  divide \(func \d+\) at .*trap\.c:3\n")

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_the_compiler_is_not_loaded_on_a_hit(self):
        # A guest that says hello and waits for input, so that its process can be looked at.
        wat = self.file("wait.wat", """(module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
          (data (i32.const 16) "hello\\0a")
          (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))""")
        env = {**os.environ, "SKIFF_CACHE_DIR": os.path.join(self.dir, "cache")}
        for loaded in (True, False):
            p = subprocess.Popen([*SKIFF, "run", "--tier=llvm", wat], cwd=self.dir, env=env,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.assertEqual(p.stdout.read(6), b"hello\n")
            with open(f"/proc/{p.pid}/maps") as f:
                maps = f.read()
            self.assertIn(".skiff", maps)
            self.assertEqual("libskiff-llvm" in maps, loaded)
            rights = [line.split()[1] for line in maps.splitlines()]
            self.assertEqual([r for r in rights if "w" in r and "x" in r], [])
            p.communicate(b"x")
            self.assertEqual(p.returncode, 0)

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_unusable_cache_is_no_obstacle(self):
        wat = self.file("d.wat", DIVIDE)
        for options in (["--no-cache"], ["--cache-dir=/proc/none"], ["--cache-dir=d.wat"], ["--cache-size=1"]):
            self.check("run", "--tier=llvm", *options, "--invoke=f", wat, "2", out="42\n")
        self.assertFalse(os.path.exists(os.path.join(self.dir, "cache")))
        os.mkdir(os.path.join(self.dir, "open"))
        os.chmod(os.path.join(self.dir, "open"), 0o777)
        self.check("run", "-v", "--cache-dir=open", "--tier=llvm", "--invoke=f", wat, "2", out="42\n",
                   err="others may write to it")
        self.check("run", "--tier=llvm", "--invoke=f", wat, "2", out="42\n",
                   env={"SKIFF_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": ""})

    @unittest.skipUnless(HAS_COMPILER, "needs libskiff-llvm")
    def test_compile(self):
        wat = self.file("d.wat", DIVIDE)
        self.check("compile", wat, out="")
        self.check("run", "--invoke=f", "d.skiff", "2", status=1, err="--allow-precompiled")
        run = ["run", "--allow-precompiled", "--invoke=f"]
        none = {"SKIFF_LLVM_LIBRARY": "/none"}
        self.check(*run, "d.skiff", "2", out="42\n", env=none)
        self.check(*run, "d.skiff", "0", status=134, err="integer divide by zero", env=none)
        self.check(*run, "--tier=interp", "d.skiff", "2", out="42\n", env=none)
        self.check("compile", "--target=baseline", wat, "-o", "b.skiff", out="")
        self.check(*run, "b.skiff", "2", out="42\n", env=none)
        for target in ("aarch64", "riscv64", "x86-64-v4"):
            self.check("compile", "--target", target, wat, "-o", "c.skiff", out="")
            self.assertEqual(self.skiff(*run, "c.skiff", "2").stdout, b"42\n")
        self.check(*run, "--features=-simd", "d.skiff", "2", out="42\n", err="note: d.skiff: its code cannot be used")
        with open(os.path.join(self.dir, "d.skiff"), "rb") as f:
            good = f.read()
        for name, content in {"cut": good[:-1], "head": good[:100], "flip": good[:65540] + b"\x7f" + good[65541:]}.items():
            self.check(*run, self.file(name + ".skiff", content), "2", status=1, err="artifact")
        self.check("compile", self.file("bad.wat", "(module (func (result i32)))"), status=1, err="type mismatch")
        self.check("compile", wat, "-o", "no/such/folder", status=1, err="cannot write")
        self.check("compile", wat, "-o", "/dev/null", status=1, err="not a regular file")
        self.check("compile", "-", stdin=DIVIDE.encode(), status=2, err="-o FILE")
        self.assertEqual([name for name in os.listdir(self.dir) if "tmp" in name], [])

    # The other commands.

    def test_validate(self):
        good = self.file("good.wat", HELLO)
        bad = self.file("bad.wat", "(module (func (result i32)))")
        self.check("validate", good, out="")
        self.check("validate", "-v", good, out="good.wat: valid\n")
        self.check("validate", good, bad, status=1, err="bad.wat:1:27: error: invalid: type mismatch")
        r = self.check("validate", "--json", good, bad, "absent.wat", status=1, err="absent.wat")
        good_entry, bad_entry = json.loads(r.stdout)
        self.assertEqual(good_entry, {"file": "good.wat", "valid": True})
        self.assertEqual((bad_entry["phase"], bad_entry["func"]), ("invalid", 0))
        r = self.check("validate", "--json", self.file("e.wat", "(module\n  (foo))"), status=1)
        self.assertEqual(json.loads(r.stdout)[0]["line"], 2)

    def test_wat_round_trip(self):
        wat = self.file("hello.wat", HELLO)
        self.check("wat2wasm", wat, "-o", "a.wasm")
        self.check("wat", "a.wasm", "-o", "b.wat")
        self.check("wat2wasm", "b.wat")
        for name in ("a.wasm", "b.wasm"):
            self.assertTrue(os.path.getsize(os.path.join(self.dir, name)) > 8)
        with open(os.path.join(self.dir, "a.wasm"), "rb") as a, open(os.path.join(self.dir, "b.wasm"), "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.assertIn(b"fd_write", self.check("wat", "--fold", "a.wasm").stdout)
        self.assertEqual(self.skiff("wat2wasm", "-", "-o", "-", stdin=b"(module)").stdout, b"\0asm\1\0\0\0")

    def test_dump(self):
        wat = self.file("hello.wat", HELLO)
        r = self.check("dump", wat)
        for part in (b"sections", b'"fd_write"', b'"_start"', b'"memory"', b"datas"):
            self.assertIn(part, r.stdout)
        self.assertIn(b"i32.const", self.check("dump", "-d", wat).stdout)
        document = json.loads(self.check("dump", "--json", wat).stdout)
        self.assertEqual(document["imports"][0]["name"], "fd_write")
        self.assertEqual(len(document["funcs"]), 2)

    def test_wast(self):
        good = self.file("good.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n'
                                      '(assert_return (invoke "f") (i32.const 1))')
        bad = self.file("bad.wast", '(module (func (export "f") (result i32) (i32.const 1)))\n'
                                    '(assert_return (invoke "f") (i32.const 2))')
        self.check("wast", good, out="2 passed, 0 failed, 0 skipped\n")
        self.check("wast", bad, status=1,
                   out="bad.wast:2: assert_return failed: expected (i32.const 2), got (i32.const 1)\n"
                       "1 passed, 1 failed, 0 skipped\n")
        r = self.check("wast", "--json", good, bad, status=1)
        document = json.loads(r.stdout)
        self.assertEqual((document["passed"], document["failed"]), (3, 1))
        self.assertEqual(document["files"][1]["failures"][0]["line"], 2)
        skip = self.file("skip.toml", '[[skip]]\nfiles = "bad.wast"\ntier = "*"\nreason = "known"\n')
        self.check("wast", "--skip", skip, bad, out="bad.wast: SKIPPED: known\n0 passed, 0 failed, 1 skipped\n")
        self.check("wast", "absent.wast", status=1)

    # Components.

    def wast_of(self, component, assertions):
        """A script that makes the component in a file and checks assertions on it."""
        with open(os.path.join(self.dir, component), "rb") as f:
            binary = "".join(f"\\{byte:02x}" for byte in f.read())
        return self.file("component.wast", f'(component binary "{binary}")\n{assertions}')

    # Components as programs.

    COMMAND = """(component
      (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
      (core func $exit (canon lower (func $exit "exit-with-code")))
      (core module $m
        (import "" "exit" (func $exit (param i32)))
        (func (export "ok") (result i32) (i32.const 0))
        (func (export "error") (result i32) (i32.const 1))
        (func (export "exit") (result i32) (call $exit (i32.const 7)) (unreachable))
        (func (export "trap") (result i32) (unreachable))
        (func (export "spin") (result i32) (loop (br 0)) (unreachable)))
      (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit))))))
      (func $run (result (result)) (canon lift (core func $i "ENTRY")))
      (instance $r (export "run" (func $run)))
      (export "wasi:cli/run@0.2.0" (instance $r)))"""

    def test_run_component(self):
        for entry, status, err in (("ok", 0, None), ("error", 1, ""), ("exit", 7, ""), ("trap", 134, "unreachable")):
            name = self.file(entry + ".wat", self.COMMAND.replace("ENTRY", entry))
            self.check("run", name, status=status, err=err)
            self.check("wat2wasm", name, "-o", entry + ".wasm")
            self.check("run", "--tier=interp", entry + ".wasm", "argument", status=status, err=err)
        spin = self.file("spin.wat", self.COMMAND.replace("ENTRY", "spin"))
        self.check("run", "--timeout=50ms", spin, status=124, err="")
        self.check("run", "--fuel=100000", spin, status=134, err="fuel")
        if HAS_COMPILER:
            self.check("cache", "add", "ok.wasm")
            self.check("run", "--tier=llvm", "ok.wasm")

    # Of WASI 0.3: run is of async type; what it gets as input goes to standard output.
    ASYNC_COMMAND = """(component
      (import "wasi:cli/types@0.3.0" (instance $types
        (type $c0 (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $c (eq $c0)))))
      (alias export $types "error-code" (type $Error))
      (import "wasi:cli/stdin@0.3.0" (instance $stdin
        (alias outer 1 $Error (type $c0)) (export "error-code" (type $c (eq $c0)))
        (export "read-via-stream" (func (result (tuple (stream u8) (future (result (error $c)))))))))
      (import "wasi:cli/stdout@0.3.0" (instance $stdout
        (alias outer 1 $Error (type $c0)) (export "error-code" (type $c (eq $c0)))
        (export "write-via-stream" (func (param "data" (stream u8)) (result (future (result (error $c))))))))
      (import "wasi:clocks/monotonic-clock@0.3.2" (instance $clock (export "wait-for" (func async (param "how-long" u64)))))
      (core module $memory (memory (export "m") 1))
      (core instance $memory (instantiate $memory))
      (type $end (future (result (error $Error))))
      (core func $stdin (canon lower (func $stdin "read-via-stream") (memory (core memory $memory "m"))))
      (core func $stdout (canon lower (func $stdout "write-via-stream")))
      (core func $wait (canon lower (func $clock "wait-for")))
      (core func $end (canon future.read $end async (memory (core memory $memory "m"))))
      (core func $set (canon waitable-set.new))
      (core func $join (canon waitable.join))
      (core func $next (canon waitable-set.wait (memory (core memory $memory "m"))))
      (core module $m
        (import "" "m" (memory 1))
        (import "" "stdin" (func $stdin (param i32)))
        (import "" "stdout" (func $stdout (param i32) (result i32)))
        (import "" "wait" (func $wait (param i64)))
        (import "" "end" (func $end (param i32 i32) (result i32)))
        (import "" "set" (func $set (result i32)))
        (import "" "join" (func $join (param i32 i32)))
        (import "" "next" (func $next (param i32 i32) (result i32)))
        (func (export "run") (result i32) (local $set i32) (local $end i32)
          (call $wait (i64.const 1000000))
          (call $stdin (i32.const 0))
          (local.set $end (call $stdout (i32.load (i32.const 0))))
          (if (i32.eq (call $end (local.get $end) (i32.const 16)) (i32.const -1)) (then
            (call $join (local.get $end) (local.tee $set (call $set)))
            (drop (call $next (local.get $set) (i32.const 32)))))
          (i32.load8_u (i32.const 16)))
        (func (export "spin") (result i32) (call $wait (i64.const -1)) (i32.const 0)))
      (core instance $i (instantiate $m (with "" (instance (export "m" (memory $memory "m"))
        (export "stdin" (func $stdin)) (export "stdout" (func $stdout)) (export "wait" (func $wait))
        (export "end" (func $end)) (export "set" (func $set)) (export "join" (func $join))
        (export "next" (func $next))))))
      (func $run async (result (result)) (canon lift (core func $i "ENTRY")))
      (instance $r (export "run" (func $run)))
      (export "wasi:cli/run@0.3.1" (instance $r)))"""

    def test_run_async_component(self):
        name = self.file("copy.wat", self.ASYNC_COMMAND.replace("ENTRY", "run"))
        self.check("run", name, stdin=b"from input to output", out="from input to output")
        text = self.check("inspect", name).stdout.decode()
        self.assertIn("import wasi:cli/stdin@0.3.0;", text)
        self.assertIn("run: async func() -> result;", text)
        self.check("run", "--timeout=50ms", self.file("spin.wat", self.ASYNC_COMMAND.replace("ENTRY", "spin")), status=124)

    def test_run_component_refused(self):
        library = self.file("library.wat", "(component)")
        self.check("run", library, status=1, err=["library.wat", "wasi:cli/run", "skiff inspect"])
        name = self.file("ok.wat", self.COMMAND.replace("ENTRY", "ok"))
        self.check("run", "--invoke=ruin", name, status=1, err=["no exported function 'ruin'", "wasi:cli/run@0.2.0#run"])
        self.check("run", "--allow-net=nowhere", name, status=2, err="HOST:PORT")
        self.check("run", "--allow-listen=example.com:80", name, status=2, err="ADDRESS:PORT")
        self.check("run", "--allow-http=nowhere", name, status=2, err="SCHEME://HOST")
        self.check("run", "--allow-net=example.com:443", "--allow-net=all", "--allow-listen=127.0.0.1:0", name)
        wants = self.file("wants.wat", """(component (import "my:own/thing" (instance (export "f" (func))))
          (core module $m (func (export "run") (result i32) (i32.const 0)))
          (core instance $i (instantiate $m))
          (func $run (result (result)) (canon lift (core func $i "run")))
          (instance $r (export "run" (func $run)))
          (export "wasi:cli/run@0.2.0" (instance $r)))""")
        self.check("run", wants, status=1, err="my:own/thing")

    def test_invoke_component(self):
        name = self.file("f.wat", """(component
          (core module $m
            (memory (export "mem") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
            (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "echo") (param i32 i32) (result i32)
              (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
          (core instance $i (instantiate $m))
          (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
          (func $echo (param "text" string) (result string)
            (canon lift (core func $i "echo") (memory $i "mem") (realloc (func $i "realloc"))))
          (instance $e (export "echo" (func $echo)))
          (export "my:own/echoes@1.2.3" (instance $e)))""")
        self.check("run", "--invoke", "add(2, 3)", name, out="5\n")
        self.check("run", "--invoke", "add", name, "2", "0x10", out="18\n")
        self.check("run", "--invoke", 'echoes#echo("a\\tü")', name, out='"a\\tü"\n')
        self.check("run", "--invoke", 'my:own/echoes@1.2.3#echo("x")', name, out='"x"\n')
        self.check("run", "--invoke", "add(2)", name, status=2, err="the argument b")
        self.check("run", "--invoke", "add(2, -1)", name, status=2, err=["b: expected a number of type u32", "-1"])
        self.check("run", "--invoke", "ad(2)", name, status=1, err=["did you mean 'add'?", "my:own/echoes@1.2.3#echo"])

    def test_component_new(self):
        wit = self.file("echo.wit", "package a:b; world w { export echo: func(s: string) -> string; }")
        wat = self.file("echo.wat", """(module
          (memory (export "memory") 1)
          (global $ready (mut i32) (i32.const 0))
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
          (func (export "_initialize") (global.set $ready (i32.const 1)))
          (func (export "echo") (param i32 i32) (result i32)
            (i32.store (i32.const 16) (local.get 0))
            (i32.store (i32.const 20) (i32.mul (local.get 1) (global.get $ready))) (i32.const 16))
          (func (export "cabi_post_echo") (param i32)))""")
        self.check("component", "embed", wit, wat, "-o", "e.wasm")
        self.check("component", "new", "e.wasm", "-o", "c.wasm")
        self.check("validate", "c.wasm")
        self.assertIn(b"export echo: func(s: string) -> string;", self.check("inspect", "c.wasm").stdout)
        self.assertEqual(json.loads(self.check("inspect", "--json", "c.wasm").stdout)["exports"], ["echo"])
        self.check("wast", self.wast_of("c.wasm", '(assert_return (invoke "echo" (str.const "hi")) (str.const "hi"))'),
                   out="2 passed, 0 failed, 0 skipped\n")
        self.check("component", "new", wat, status=1, err="has no custom section `component-type`")
        self.check("component", "nwe", status=2, err="did you mean 'new'?")

    def test_component_adapter(self):
        wit = self.file("adapter.wit", "package h:o; world command { export run: func(s: string) -> u32; }")
        adapter = self.file("adapter.wat", """(module
          (import "env" "memory" (memory 0))
          (import "__main_module__" "_start" (func $start))
          (import "__main_module__" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
          (import "__main_module__" "absent" (func $absent (result i32)))
          (global $kept (mut i32) (i32.const 0))
          (func (export "cabi_export_realloc") (param i32 i32 i32 i32) (result i32)
            (call $realloc (i32.const 0) (i32.const 0) (local.get 2) (local.get 3)))
          (func (export "put") (param i32) (global.set $kept (local.get 0)))
          (func (export "run") (param i32 i32) (result i32)
            (call $start) (i32.add (global.get $kept) (i32.load8_u (local.get 0)))))""")
        main = self.file("main.wat", """(module (import "old" "put" (func $put (param i32)))
          (memory (export "memory") 1) (func (export "_start") (call $put (i32.const 41))))""")
        self.check("component", "embed", wit, adapter, "-o", "old.wasm")
        for adapt in ("old.wasm", "old=old.wasm"):
            self.check("component", "new", main, "--adapt", adapt, "-o", "c.wasm")
            self.check("wast", self.wast_of("c.wasm", '(assert_return (invoke "run" (str.const "A")) (u32.const 106))'),
                       out="2 passed, 0 failed, 0 skipped\n")

    def test_component_plug(self):
        plug = self.file("plug.wat", """(component
          (core module $m (func (export "now") (result i32) i32.const 7))
          (core instance $i (instantiate $m))
          (func $now (result u32) (canon lift (core func $i "now")))
          (instance $c (export "now" (func $now)))
          (export "a:b/clock@0.2.6" (instance $c)))""")
        socket = self.file("socket.wat", """(component
          (import "a:b/clock@0.2.3" (instance $c (export "now" (func (result u32)))))
          (export "time" (func $c "now")))""")
        self.check("component", "plug", socket, "--plug", plug, "-o", "c.wasm")
        self.check("wast", self.wast_of("c.wasm", '(assert_return (invoke "time") (u32.const 7))'),
                   out="2 passed, 0 failed, 0 skipped\n")
        self.check("component", "compose", socket, "--with", plug, "-o", "c.wasm")
        self.check("component", "plug", plug, "--plug", plug, status=1, err="exports nothing that is imported")
        self.check("component", "plug", socket, status=2, err="give --plug")

    def test_component_resources(self):
        """Two components made from core modules, one of which defines a resource with a destructor, linked."""
        wit = self.file("shop.wit", """package a:b;
          interface shop { resource counter { constructor(start: u32); next: func() -> u32; } dropped: func() -> u32; }
          world provider { export shop; }
          world user { import shop; export run: func() -> u32; }""")
        provider = self.file("provider.wat", """(module
            (import "[export]a:b/shop" "[resource-new]counter" (func $new (param i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "a:b/shop#[constructor]counter") (param i32) (result i32)
              (i32.store (i32.const 64) (local.get 0)) (call $new (i32.const 64)))
            (func (export "a:b/shop#[method]counter.next") (param i32) (result i32)
              (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))) (i32.load (local.get 0)))
            (func (export "a:b/shop#[dtor]counter") (param i32)
              (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 100))))
            (func (export "a:b/shop#dropped") (result i32) (i32.load (i32.const 0))))""")
        user = self.file("user.wat", """(module
            (import "a:b/shop" "[constructor]counter" (func $make (param i32) (result i32)))
            (import "a:b/shop" "[method]counter.next" (func $next (param i32) (result i32)))
            (import "a:b/shop" "[resource-drop]counter" (func $drop (param i32)))
            (import "a:b/shop" "dropped" (func $dropped (result i32)))
            (func (export "run") (result i32) (local $c i32) (local $n i32)
              (local.set $c (call $make (i32.const 40)))
              (drop (call $next (local.get $c)))
              (local.set $n (call $next (local.get $c)))
              (call $drop (local.get $c))
              (i32.add (local.get $n) (call $dropped))))""")
        for name, wat in (("provider", provider), ("user", user)):
            self.check("component", "embed", wit, wat, "--world", name, "-o", "e.wasm")
            self.check("component", "new", "e.wasm", "-o", name + ".wasm")
        self.check("component", "plug", "user.wasm", "--plug", "provider.wasm", "-o", "c.wasm")
        self.check("wast", self.wast_of("c.wasm", '(assert_return (invoke "run") (u32.const 142))'),
                   out="2 passed, 0 failed, 0 skipped\n")

    def test_component_wit(self):
        os.mkdir(os.path.join(self.dir, "wit"))
        self.file("wit/a.wit", "package a:b; interface i { f: func() -> list<u8>; } world w { import i; }")
        text = self.check("component", "wit", "wit").stdout
        self.check("component", "wit", "wit", "--wasm", "-o", "p.wasm")
        self.check("component", "wit", "p.wasm", out=text)
        self.assertEqual(json.loads(self.check("component", "wit", "--json", "wit").stdout)["packages"][0]["name"], "a:b")
        bad = self.file("bad.wit", "package a:b; interface i { f: func() -> lst<u8>; }")
        self.check("component", "wit", bad, status=1, err="bad.wit:1:")

    def test_bindgen(self):
        wit = self.file("w.wit", "package a:b; interface i { f: func(s: string) -> u32; } world w { import i; export i; }")
        self.check("bindgen", "--guest", wit, "-o", "guest")
        self.assertEqual(sorted(os.listdir(os.path.join(self.dir, "guest"))), ["w.cc", "w.h", "wit.h"])
        self.check("bindgen", "--host", wit, "--world", "w", "--namespace", "x::y", "-o", "host/deep")
        with open(os.path.join(self.dir, "host/deep/w.h"), encoding="utf-8") as f:
            self.assertIn("namespace x::y::a::b::i {", f.read())
        self.check("bindgen", wit, status=2, err="give either --guest or --host")
        self.check("bindgen", "--guest", "--host", wit, status=2, err="give either --guest or --host")
        self.check("bindgen", "--host", "--namespace", "x:", wit, status=2, err="--namespace wants")
        self.check("bindgen", "--guest", "--world", "v", wit, status=1, err="w.wit: ")
        bad = self.file("bad.wit", "package a:b; world w { import f: func(s: stream<u8>); }")
        self.check("bindgen", "--guest", bad, status=1, err="have no type for streams")

    def test_closed_output(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        r = subprocess.run([*SKIFF, "help"], stdout=write_end, stderr=subprocess.PIPE,
                           preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        os.close(write_end)
        self.assertEqual(r.returncode, -signal.SIGPIPE)
        with open("/dev/full", "wb") as full:
            r = subprocess.run([*SKIFF, "help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(r.returncode, 1)
        self.assertIn(b"No space left", r.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
