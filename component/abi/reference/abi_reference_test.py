#!/usr/bin/env python3
"""Random types and values, lowered and lifted by the specification's definitions.py and by skiff_abi_reference:
memory, flat values and realloc calls must be the same. Usage: abi_reference_test.py PROGRAM [SEED [COUNT]].

The specification is looked for in SKIFF_COMPONENT_MODEL (a checkout, or a directory with definitions.py) and beside the
repository; without it the test is skipped."""

import importlib.util
import math
import os
import pathlib
import random
import struct
import subprocess
import sys

FIRST = 64
SIZE = 4 * 65536
ENCODINGS = ["utf8", "utf16", "latin1+utf16"]
NUMBERS = {"u8": (0, 8), "u16": (0, 16), "u32": (0, 32), "u64": (0, 64), "s8": (1, 8), "s16": (1, 16), "s32": (1, 32),
           "s64": (1, 64)}


def find_reference():
    here = pathlib.Path(__file__).resolve()
    places = [os.environ.get("SKIFF_COMPONENT_MODEL", ""), *(str(p / "component-model") for p in here.parents)]
    for place in filter(None, places):
        for inner in ("", "design/mvp/canonical-abi"):
            path = pathlib.Path(place) / inner / "definitions.py"
            if path.exists():
                return path
    return None


def load_reference(path):
    spec = importlib.util.spec_from_file_location("definitions", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["definitions"] = module
    spec.loader.exec_module(module)
    module.DETERMINISTIC_PROFILE = True
    return module


class Maker:
    """Makes types and values: of the reference, and as text for the program."""

    def __init__(self, d, rng):
        self.d, self.rng = d, rng

    def type(self, depth=0):
        d, rng = self.d, self.rng
        kinds = ["bool", "char", "f32", "f64", "string", *NUMBERS]
        if depth < 4:
            kinds += 2 * ["list", "record", "tuple", "variant", "option", "result", "map"] + ["flags", "enum", "fixed"]
        kind = rng.choice(kinds)
        inner = lambda: self.type(depth + 1)
        maybe = lambda: (None, "_") if rng.random() < 0.3 else inner()
        if kind in NUMBERS or kind in ("bool", "char", "f32", "f64", "string"):
            return getattr(d, kind.capitalize() + "Type")(), kind
        if kind == "list":
            t, s = inner()
            return d.ListType(t), f"list {s}"
        if kind == "fixed":
            n = rng.randint(1, 5)
            t, s = inner()
            return d.ListType(t, n), f"fixed {n} {s}"
        if kind == "map":
            (k, ks), (v, vs) = self.type(9), inner()
            return d.MapType(k, v), f"map {ks} {vs}"
        if kind == "option":
            t, s = inner()
            return d.OptionType(t), f"option {s}"
        if kind == "result":
            (ok, oks), (err, errs) = maybe(), maybe()
            return d.ResultType(ok, err), f"result {oks} {errs}"
        if kind == "flags":
            n = rng.choice([1, 7, 8, 9, 16, 17, 31, 32])
            return d.FlagsType([f"l{i}" for i in range(n)]), f"flags {n}"
        if kind == "enum":
            n = rng.choice([1, 2, 255, 256, 257])
            return d.EnumType([f"l{i}" for i in range(n)]), f"enum {n}"
        n = rng.randint(1, 5)
        if kind == "variant":
            cases = [maybe() for _ in range(n)]
            return (d.VariantType([d.CaseType(f"l{i}", t) for i, (t, _) in enumerate(cases)]),
                    f"variant {n} " + " ".join(s for _, s in cases))
        parts = [inner() for _ in range(n)]
        text = f"{kind} {n} " + " ".join(s for _, s in parts)
        if kind == "record":
            return d.RecordType([d.FieldType(f"l{i}", t) for i, (t, _) in enumerate(parts)]), text
        return d.TupleType([t for t, _ in parts]), text

    def string(self):
        rng = self.rng
        alphabet = rng.choice(["ab", "aé", "aéÿ", "aé€", "a😀€é", "\0ā"])
        text = "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 2, 3, 8, 40])))
        encoding = rng.choice(ENCODINGS)
        tag = 1 << self.tag_bit
        if encoding == "utf8":
            return (text, encoding, len(text.encode())), f"0 {len(text.encode())} x{text.encode().hex()}"
        units = len(text.encode("utf-16-le")) // 2
        if encoding == "utf16":
            return (text, encoding, units), f"1 {units} x{text.encode().hex()}"
        if all(ord(c) < 256 for c in text) and rng.random() < 0.6:
            return (text, encoding, len(text)), f"2 {len(text)} x{text.encode().hex()}"
        return (text, encoding, units | tag), f"3 {units} x{text.encode().hex()}"

    def value(self, t):
        d, rng = self.d, self.rng
        name = type(t).__name__[:-4].lower()
        if name in NUMBERS:
            signed, bits = NUMBERS[name]
            low = -(1 << (bits - 1)) if signed else 0
            v = rng.choice([low, low + (1 << bits) - 1, 0, rng.randrange(low, low + (1 << bits))])
            return v, str(v & ((1 << bits) - 1))
        if name == "bool":
            v = rng.random() < 0.5
            return v, str(int(v))
        if name == "char":
            v = rng.choice([0, 0x7F, 0xD7FF, 0xE000, 0x10FFFF, rng.randrange(0xD800)])
            return chr(v), str(v)
        if name == "f32":
            v = struct.unpack("<f", struct.pack("<f", rng.choice([0.0, -0.0, 1.5, math.inf, math.nan, rng.uniform(-9, 9)])))[0]
            return v, str(struct.unpack("<I", struct.pack("<f", v))[0])
        if name == "f64":
            v = rng.choice([0.0, -0.0, 1.5, -math.inf, math.nan, rng.uniform(-9, 9)])
            return v, str(struct.unpack("<Q", struct.pack("<d", v))[0])
        if name == "string":
            return self.string()
        if isinstance(t, (d.ListType, d.MapType)):
            element = d.TupleType([t.k, t.v]) if isinstance(t, d.MapType) else t.t
            n = t.l if isinstance(t, d.ListType) and t.l is not None else rng.choice([0, 1, 2, 5])
            items = [self.value(element) for _ in range(n)]
            return [v for v, _ in items], f"{n} " + " ".join(s for _, s in items)
        if isinstance(t, d.FlagsType):
            bits = rng.getrandbits(len(t.labels))
            return {l: bool(bits >> i & 1) for i, l in enumerate(t.labels)}, str(bits)
        t = d.despecialize(t)
        if isinstance(t, d.RecordType):
            items = [(f.label, *self.value(f.t)) for f in t.fields]
            return {l: v for l, v, _ in items}, " ".join(s for _, _, s in items)
        i = rng.randrange(len(t.cases))
        if t.cases[i].t is None:
            return {t.cases[i].label: None}, str(i)
        v, s = self.value(t.cases[i].t)
        return {t.cases[i].label: v}, f"{i} {s}"

    def text_of(self, t, v):
        """What the program prints for a lifted value."""
        d = self.d
        name = type(t).__name__[:-4].lower()
        if name in NUMBERS:
            return str(v & ((1 << NUMBERS[name][1]) - 1))
        if name == "bool":
            return str(int(v))
        if name == "char":
            return str(ord(v))
        if name == "f32":
            return str(struct.unpack("<I", struct.pack("<f", v))[0])
        if name == "f64":
            return str(struct.unpack("<Q", struct.pack("<d", v))[0])
        if name == "string":
            text, encoding, units = v
            source = ENCODINGS.index(encoding)
            if source == 2 and units >> self.tag_bit & 1:
                source, units = 3, units ^ 1 << self.tag_bit
            return f"{source} {units} x{text.encode().hex()}"
        if isinstance(t, (d.ListType, d.MapType)):
            element = d.TupleType([t.k, t.v]) if isinstance(t, d.MapType) else t.t
            return " ".join([str(len(v)), *(self.text_of(element, e) for e in v)])
        if isinstance(t, d.FlagsType):
            return str(sum(int(v[l]) << i for i, l in enumerate(t.labels)))
        t = d.despecialize(t)
        if isinstance(t, d.RecordType):
            return " ".join(self.text_of(f.t, v[f.label]) for f in t.fields)
        [(label, payload)] = v.items()
        [(i, case)] = [(i, c) for i, c in enumerate(t.cases) if c.label == label]
        return str(i) if case.t is None else f"{i} {self.text_of(case.t, payload)}"


def context(d, encoding, wide):
    memory = d.MemInst(bytearray(SIZE), "i64" if wide else "i32")

    class Context(d.LiftLowerContext):
        def reallocate(self, old, old_size, align, size):
            self.calls.append(f"{old},{old_size},{align},{size}")
            self.next = (self.next + align - 1) // align * align
            ptr, self.next = self.next, self.next + size
            n = min(old_size, size)
            memory.bytes[ptr:ptr + n] = memory.bytes[old:old + n]
            return ptr

    cx = Context(d.LiftLowerOptions(string_encoding=encoding, memory=memory), d.ComponentInstance(d.Store()))
    cx.calls, cx.next = [], FIRST
    return cx


def words(text):
    return text.split()


def bits_of(values, flat_types):
    """Core values as the bits that slots hold."""
    out = []
    for v, t in zip(values, flat_types):
        if t == "f32":
            v = struct.unpack("<I", struct.pack("<f", v))[0]
        elif t == "f64":
            v = struct.unpack("<Q", struct.pack("<d", v))[0]
        out.append(v)
    return out


def main():
    program = sys.argv[1]
    path = find_reference()
    if path is None:
        print("SKIPPED: the component-model specification is not here; set SKIFF_COMPONENT_MODEL")
        return 0
    d = load_reference(path)
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 3000
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(line):
        child.stdin.write(line + "\n")
        child.stdin.flush()
        return child.stdout.readline().strip()

    failures = compared = 0
    for i in range(seed, seed + count):
        rng = random.Random(i)
        maker = Maker(d, rng)
        encoding, wide = rng.randrange(3), rng.random() < 0.3
        maker.tag_bit = 63 if wide else 31
        t, type_text = maker.type()
        v, value_text = maker.value(t)
        cx = context(d, ENCODINGS[encoding], wide)
        flat = d.lower_flat_values(cx, d.MAX_FLAT_PARAMS, [v], [t])
        flat_types = d.flatten_types([t], cx.opts)
        if len(flat_types) > d.MAX_FLAT_PARAMS:
            flat_types = ["i64" if wide else "i32"]
        flat = bits_of(flat, flat_types)
        image = bytes(cx.opts.memory.bytes[:cx.next])
        expected = ("flat " + " ".join(map(str, flat)) + " ; realloc " + " ".join(cx.calls) + " ; memory x" + image.hex())
        found = ask(f"lower {encoding} {int(wide)} {type_text} {value_text}")
        lifted = d.lift_flat_values(cx, d.MAX_FLAT_PARAMS, d.CoreValueIter(unbits(flat, flat_types)), [t])[0]
        expected_value = "value " + maker.text_of(t, lifted)
        # Then once more with a byte of memory changed: what traps there must trap here.
        found_value = ask(f"lift {encoding} {int(wide)} {type_text} x{image.hex()} " + " ".join(map(str, flat)))
        broken = bytearray(image)
        for _ in range(3):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        cx.opts.memory.bytes[:len(broken)] = broken
        try:
            again = d.lift_flat_values(cx, d.MAX_FLAT_PARAMS, d.CoreValueIter(unbits(flat, flat_types)), [t])[0]
            expected_broken = "value " + maker.text_of(t, again)
        except d.Trap:
            expected_broken = "trap"
        found_broken = ask(f"lift {encoding} {int(wide)} {type_text} x{bytes(broken).hex()} " + " ".join(map(str, flat)))
        for what, want, got in (("lower", expected, found), ("lift", expected_value, found_value),
                                ("lift broken", expected_broken, found_broken)):
            compared += 1
            if words(want) != words(got):
                failures += 1
                print(f"seed {i}: {what} of {type_text} = {value_text} ({ENCODINGS[encoding]}, wide {wide})\n"
                      f"  reference: {want}\n  skiff:     {got}")
        if failures > 5:
            break
    child.stdin.close()
    child.wait()
    print(f"abi_reference: {compared} comparisons, {failures} differences")
    return 1 if failures else 0


def unbits(flat, flat_types):
    out = []
    for v, t in zip(flat, flat_types):
        if t == "f32":
            v = struct.unpack("<f", struct.pack("<I", v))[0]
        elif t == "f64":
            v = struct.unpack("<d", struct.pack("<Q", v))[0]
        out.append(v)
    return out


if __name__ == "__main__":
    sys.exit(main())
