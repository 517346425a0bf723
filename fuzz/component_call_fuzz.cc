// Components that call each other with anything: a caller and a callee of random types and options,
// whose core code passes constants of the fuzzer's choice as flat values, pointers, lengths and
// handles, over memories that hold its bytes, and whose realloc lies when it is told to. Handles
// are made, lent, given away and dropped in any order. Calls run compiled into adapters and
// interpreted (component/fuse, component/abi): both must end the same way.
#include <optional>
#include <string>

#include "component/exec/linker.h"
#include "component/text/text.h"
#include "engine/base/check.h"
#include "engine/interp/interp.h"
#include "fuzz/entropy.h"

using namespace skiff;
using namespace skiff::component;
using fuzz::Entropy;

namespace {

// A type as text, and its flat types: i l f d; longer than 16 is cut off at 17.
struct Type {
  std::string text, flat;
};

std::string join(const std::string& a, const std::string& b) {
  std::string out;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const char x = i < a.size() ? a[i] : b[i], y = i < b.size() ? b[i] : x;
    out += x == y ? x : (x == 'i' || x == 'f') && (y == 'i' || y == 'f') ? 'i' : 'l';
  }
  return out;
}

// Types without a name are written where they are used; $rec, $var, $flags, $enum and the resource
// $r are defined on both sides. Borrowed handles are not part of results.
Type make_type(Entropy& e, int depth, bool param) {
  static constexpr struct {
    const char* text;
    const char* flat;
  } kLeaves[] = {{"u8", "i"},      {"bool", "i"},     {"s16", "i"},        {"u32", "i"},
                 {"char", "i"},    {"u64", "l"},      {"f32", "f"},        {"f64", "d"},
                 {"string", "ii"}, {"$rec", "iii"},   {"$var", "ili"},     {"$flags", "i"},
                 {"$enum", "i"},   {"(own $r)", "i"}, {"(borrow $r)", "i"}};
  const uint32_t kind = depth == 0 ? 0 : e.below(8);
  if (kind == 4) return {"(list " + make_type(e, depth - 1, param).text + ")", "ii"};
  if (kind == 5) {
    const Type payload = make_type(e, depth - 1, param);
    return {"(option " + payload.text + ")", ("i" + payload.flat).substr(0, 17)};
  }
  if (kind == 6) {
    const Type ok = make_type(e, depth - 1, param), error = make_type(e, depth - 1, param);
    return {"(result " + ok.text + " (error " + error.text + "))",
            ("i" + join(ok.flat, error.flat)).substr(0, 17)};
  }
  if (kind == 7) {
    Type tuple{"(tuple", ""};
    for (uint32_t i = 0, n = e.between(1, 6); i < n; ++i) {
      const Type field = make_type(e, depth - 1, param);
      tuple.text += " " + field.text;
      tuple.flat += field.flat;
    }
    return {tuple.text + ")", tuple.flat.substr(0, 17)};
  }
  const auto& leaf = kLeaves[e.below(std::size(kLeaves) - (param ? 0 : 1))];
  return {leaf.text, leaf.flat};
}

std::string_view core_name(char c) {
  return c == 'i' ? "i32" : c == 'l' ? "i64" : c == 'f' ? "f32" : "f64";
}

// Something that may be a pointer, a length, an index, a case, or nothing of that.
std::string constant(Entropy& e, char type) {
  uint64_t bits = 0;
  switch (e.below(6)) {
    case 0:
      bits = e.below(8);
      break;
    case 1:
      bits = 8 * e.below(64);
      break;
    case 2:
      bits = 65536 - e.below(40);
      break;
    case 3:
      bits = e.below(512);
      break;
    default:
      bits = e.integer();
  }
  if (type == 'i' || type == 'f') bits &= 0xFFFFFFFF;
  const std::string number = "const " + std::to_string(bits) + ")";
  if (type == 'f') return "(f32.reinterpret_i32 (i32." + number + ")";
  if (type == 'd') return "(f64.reinterpret_i64 (i64." + number + ")";
  return "(" + std::string(core_name(type)) + "." + number;
}

// A memory with the fuzzer's bytes. Its realloc takes what comes next, and at one call of it,
// perhaps, lies.
std::string memory(Entropy& e) {
  std::string bytes;
  for (uint32_t i = 0, n = e.below(96); i < n; ++i) {
    constexpr char kHex[] = "0123456789abcdef";
    const uint8_t b = e.u8();
    bytes.append("\\").append(1, kHex[b >> 4]).append(1, kHex[b & 15]);
  }
  const std::string lie = e.one_in(4) ? std::to_string(e.below(4)) : "-1";
  return R"((core module $Mem (memory (export "mem") 1) (data (i32.const 0) ")" + bytes + R"(")
    (global $next (mut i32) (i32.const 1024)) (global $calls (mut i32) (i32.const -1))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $p i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.eq (global.get $calls) (i32.const )" +
         lie + ")) (then (return " + constant(e, 'i') + R"()))
      (local.set $p (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $p) (local.get 3)))
      (if (i32.gt_u (local.get 1) (i32.const 0))
        (then (memory.copy (local.get $p) (local.get 0)
          (select (local.get 1) (local.get 3) (i32.lt_u (local.get 1) (local.get 3))))))
      (local.get $p)))
    (core instance $mem (instantiate $Mem)))";
}

std::string options(Entropy& e) {
  static constexpr std::string_view kEncodings[] = {"utf8", "utf16", "latin1+utf16"};
  return R"( (memory (core memory $mem "mem")) (realloc (core func $mem "realloc")) string-encoding=)" +
         std::string(kEncodings[e.below(3)]);
}

constexpr std::string_view kNamed[][2] = {
    {"rec", R"((record (field "a" u8) (field "b" string)))"},
    {"var", R"((variant (case "a" u64) (case "b") (case "c" (list u8))))"},
    {"flags", R"((flags "a" "b" "c" "d" "e" "f" "g" "h" "i"))"},
    {"enum", R"((enum "a" "b" "c"))"}};

struct Functions {
  Type param, result;
  std::string core_params, core_result;  // as `canon lift` has them
  bool result_in_memory = false;
};

std::string callee(Entropy& e, const Functions& f) {
  std::string text =
      "(component $Callee (type $r' (resource (rep i32))) (export $r \"r\" (type $r'))";
  for (const auto& [name, type] : kNamed)
    text.append(" (type $")
        .append(name)
        .append("' ")
        .append(type)
        .append(") (export $")
        .append(name)
        .append(" \"")
        .append(name)
        .append("\" (type $")
        .append(name)
        .append("'))");
  text += memory(e) +
          R"((core func $new (canon resource.new $r)) (core func $rep (canon resource.rep $r))
    (core func $drop (canon resource.drop $r))
    (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "f") )" +
          f.core_params + " (result " + f.core_result + ") " +
          constant(e, f.result_in_memory ? 'i' : f.result.flat[0]) + R"()
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "lend") (param i32) (result i32) (local.get 0))
      (func (export "take") (param i32) (result i32) )" +
          (e.one_in(2) ? "(call $rep (local.get 0))" : "(local.get 0)") +
          (e.one_in(2) ? "(call $drop (local.get 0))" : "") + R"())
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))
      (export "drop" (func $drop))))))
    (func (export "f") (param "x" )" +
          f.param.text + ") (result " + f.result.text + ") (canon lift (core func $m \"f\")" +
          options(e) + R"())
    (func (export "make") (param "x" u32) (result (own $r)) (canon lift (core func $m "make")))
    (func (export "lend") (param "x" (borrow $r)) (result u32) (canon lift (core func $m "lend")))
    (func (export "take") (param "x" (own $r)) (result u32) (canon lift (core func $m "take")))))";
  return text;
}

// What the caller does, one call after the other. The digest is of all results.
std::string steps(Entropy& e, const Functions& f) {
  auto make = [&] {
    return "(global.set $last (call $make " + constant(e, 'i') +
           "))(call $note (global.get $last))";
  };
  std::string text = make();
  for (uint32_t i = 0, n = e.between(1, 8); i < n; ++i) {
    const std::string handle = e.one_in(8) ? constant(e, 'i') : "(global.get $last)";
    switch (e.below(8)) {
      case 0:
        text += make();
        break;
      case 1:
        text += "(call $note (call $lend " + handle + "))";
        break;
      case 2:
        text += "(call $note (call $take " + handle + "))" + (e.one_in(4) ? "" : make());
        break;
      case 3:
        text += "(call $drop " + handle + ")" + (e.one_in(4) ? "" : make());
        break;
      default: {
        std::string call = "(call $f";
        if (f.param.flat.size() > 16)
          call += " " + constant(e, 'i');
        else
          for (const char c : f.param.flat) call += " " + constant(e, c);
        if (f.result_in_memory) {
          text += call + " " + constant(e, 'i') + ") (call $all)";
        } else {
          const char c = f.result.flat[0];
          text += "(call $note " +
                  std::string(c == 'l'   ? "(i32.wrap_i64 "
                              : c == 'f' ? "(i32.reinterpret_f32 "
                              : c == 'd' ? "(i32.wrap_i64 (i64.reinterpret_f64 "
                                         : "(i32.add (i32.const 1) ") +
                  call + (c == 'd' ? "))))" : ")))");
        }
      }
    }
  }
  return text;
}

std::string caller(Entropy& e, const Functions& f) {
  std::string text = "(component $Caller (import \"r\" (type $r (sub resource)))";
  for (const auto& [name, type] : kNamed)
    text.append(" (type $")
        .append(name)
        .append("' ")
        .append(type)
        .append(") (import \"")
        .append(name)
        .append("\" (type $")
        .append(name)
        .append(" (eq $")
        .append(name)
        .append("')))");
  std::string lowered = f.core_params;
  if (f.result_in_memory)
    lowered += " (param i32)";
  else
    lowered += " (result " + f.core_result + ")";
  text += "(import \"f\" (func $f (param \"x\" " + f.param.text + ") (result " + f.result.text +
          R"()))
    (import "make" (func $make (param "x" u32) (result (own $r))))
    (import "lend" (func $lend (param "x" (borrow $r)) (result u32)))
    (import "take" (func $take (param "x" (own $r)) (result u32))))" +
          memory(e) + "(core func $f' (canon lower (func $f)" + options(e) + R"())
    (core func $make' (canon lower (func $make))) (core func $lend' (canon lower (func $lend)))
    (core func $take' (canon lower (func $take))) (core func $drop' (canon resource.drop $r))
    (core module $M (import "" "f" (func $f )" +
          lowered + R"()) (import "" "make" (func $make (param i32) (result i32)))
      (import "" "lend" (func $lend (param i32) (result i32))) (import "" "take" (func $take (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "mem" "mem" (memory 1))
      (global $last (mut i32) (i32.const 1)) (global $digest (mut i32) (i32.const 0))
      (func $note (param i32)
        (global.set $digest (i32.add (i32.mul (global.get $digest) (i32.const 31)) (local.get 0))))
      (func $all (local $i i32)
        (loop $again
          (call $note (i32.load (local.get $i)))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 2048)))))
      (func (export "run") (result i32) )" +
          steps(e, f) + R"((global.get $digest)))
    (core instance $m (instantiate $M (with "mem" (instance $mem)) (with "" (instance (export "f" (func $f'))
      (export "make" (func $make')) (export "lend" (func $lend')) (export "take" (func $take')) (export "drop" (func $drop'))))))
    (func (export "run") (result u32) (canon lift (core func $m "run")))))";
  return text;
}

std::string make_component(Entropy& e) {
  Functions f;
  f.param = make_type(e, 3, true);
  f.result = make_type(e, 3, false);
  if (f.param.flat.size() > 16) {
    f.core_params = "(param i32)";
  } else {
    for (const char c : f.param.flat)
      f.core_params.append("(param ").append(core_name(c)).append(")");
  }
  f.result_in_memory = f.result.flat.size() > 1;
  f.core_result = f.result_in_memory ? "i32" : core_name(f.result.flat[0]);
  std::string text = "(component " + callee(e, f) + "(instance $callee (instantiate $Callee))" +
                     caller(e, f) +
                     R"((instance $caller (instantiate $Caller (with "r" (type $callee "r")))";
  for (const auto& [name, type] : kNamed)
    text.append(" (with \"").append(name).append("\" (type $callee \"").append(name).append("\"))");
  for (const char* name : {"f", "make", "lend", "take"})
    text.append(" (with \"").append(name).append("\" (func $callee \"").append(name).append("\"))");
  return text + R"()) (export "run" (func $caller "run"))))";
}

// The result of a run, or how it trapped.
std::string outcome(Engine& engine, const ComponentPtr& component, bool fused) {
  auto core = Store::create(engine);
  SKIFF_CHECK(core.has_value());
  ComponentLimits limits;
  limits.fused_calls = fused;
  auto store = ComponentStore::create(**core, limits);
  SKIFF_CHECK(store.has_value());
  const ComponentLinker linker;
  const auto instance = linker.instantiate(**store, component);
  if (!instance) return "instantiation: " + instance.error().message();
  const auto result = call_func(**store, *(*instance)->find("run")->func, {});
  return result ? std::to_string((*result)->bits()) : "trap: " + result.error().message();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Engine engine({.features = Features::all()}, make_interpreter());
  Entropy entropy({data, size});
  const std::string text = make_component(entropy);
  auto binary = component_wat_to_binary(text, engine.features());
  if (!binary) __builtin_printf("%s\n%s\n", binary.error().message().c_str(), text.c_str());
  SKIFF_CHECK(binary.has_value());
  const auto component = compile_component(engine, SharedBytes::own(std::move(*binary)));
  if (!component) __builtin_printf("%s\n%s\n", component.error().message().c_str(), text.c_str());
  SKIFF_CHECK(component.has_value());
  const std::string plain = outcome(engine, *component, false),
                    fused = outcome(engine, *component, true);
  if (plain != fused) __builtin_printf("%s\n%s\n%s\n", plain.c_str(), fused.c_str(), text.c_str());
  SKIFF_CHECK(plain == fused);
  return 0;
}
