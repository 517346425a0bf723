// The two forms of calls between components against each other: random types, random values, random string encodings.
// Values go through two functions of a callee: one gives back what it gets in memory, the other the flat arguments
// that it sees. Both forms must also ask for memory in the same order.
#include <gtest/gtest.h>

#include <random>

#include "component/abi/shape.h"
#include "component/exec/linker.h"
#include "component/text/text.h"
#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

using Random = std::mt19937;

uint32_t below(Random& random, uint32_t n) { return static_cast<uint32_t>(random() % n); }

// A type as text, and its flat types computed apart from the library: i l f d; longer than 16 is cut off at 17.
struct RandomType {
  std::string text;
  std::string flat;
};

class TypeMaker {
 public:
  explicit TypeMaker(Random& random) : random_(random) {}
  /// Definitions of types that need names, in order; they refer to earlier ones as $e0, $e1 ...
  std::vector<std::string> named;

  RandomType make(int depth) {
    if (depth == 0 || below(random_, 4) == 0) return primitive();
    // Types that need names contain none that do, which would have to be visible at each level.
    const uint32_t kind = below(random_, 8);
    if (inside_named_ && kind >= 3 && kind <= 6) return primitive();
    switch (kind) {
      case 0: return {"(list " + make(depth - 1).text + ")", "ii"};
      case 1: {
        const RandomType payload = make(depth - 1);
        return {"(option " + payload.text + ")", cut("i" + payload.flat)};
      }
      case 2: {
        const RandomType ok = make(depth - 1), error = make(depth - 1);
        return {"(result " + ok.text + " (error " + error.text + "))", cut("i" + join(ok.flat, error.flat))};
      }
      case 3: return variant(depth, 1 + below(random_, 9));
      case 4: {
        const uint32_t n = 1 + below(random_, 32);
        std::string text = "(flags";
        for (uint32_t i = 0; i < n; ++i) text += " \"l" + std::to_string(i) + "\"";
        return {name(text + ")"), "i"};
      }
      case 5: {
        const uint32_t n = below(random_, 10) == 0 ? 300 : 1 + below(random_, 5);
        std::string text = "(enum";
        for (uint32_t i = 0; i < n; ++i) text += " \"c" + std::to_string(i) + "\"";
        return {name(text + ")"), "i"};
      }
      case 6: {
        inside_named_ = true;
        RandomType record{"(record", ""};
        for (uint32_t i = 0, n = 1 + below(random_, 4); i < n; ++i) {
          const RandomType field = make(depth - 1);
          record.text += " (field \"f" + std::to_string(i) + "\" " + field.text + ")";
          record.flat += field.flat;
        }
        inside_named_ = false;
        return {name(record.text + ")"), cut(record.flat)};
      }
      default: {
        RandomType tuple{"(tuple", ""};
        for (uint32_t i = 0, n = 1 + below(random_, 4); i < n; ++i) {
          const RandomType field = make(depth - 1);
          tuple.text += " " + field.text;
          tuple.flat += field.flat;
        }
        return {tuple.text + ")", cut(tuple.flat)};
      }
    }
  }

 private:
  static std::string cut(std::string flat) { return flat.substr(0, 17); }
  static std::string join(const std::string& a, const std::string& b) {
    std::string out;
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const char x = i < a.size() ? a[i] : b[i], y = i < b.size() ? b[i] : x;
      out += x == y ? x : (x == 'i' || x == 'f') && (y == 'i' || y == 'f') ? 'i' : 'l';
    }
    return out;
  }
  RandomType primitive() {
    static constexpr struct {
      const char* text;
      const char* flat;
    } kAll[] = {{"bool", "i"}, {"s8", "i"}, {"u8", "i"}, {"s16", "i"}, {"u16", "i"}, {"s32", "i"}, {"u32", "i"},
                {"s64", "l"}, {"u64", "l"}, {"f32", "f"}, {"f64", "d"}, {"char", "i"}, {"string", "ii"}, {"string", "ii"}};
    const auto& p = kAll[below(random_, std::size(kAll))];
    return {p.text, p.flat};
  }
  RandomType variant(int depth, uint32_t cases) {
    inside_named_ = true;
    RandomType out{"(variant", ""};
    for (uint32_t i = 0; i < cases; ++i) {
      out.text += " (case \"c" + std::to_string(i) + "\"";
      if (below(random_, 3)) {
        const RandomType payload = make(depth - 1);
        out.text += " " + payload.text;
        out.flat = join(out.flat, payload.flat);
      }
      out.text += ")";
    }
    inside_named_ = false;
    return {name(out.text + ")"), cut("i" + out.flat)};
  }
  std::string name(std::string definition) {
    named.push_back(std::move(definition));
    return "$e" + std::to_string(named.size() - 1);
  }
  Random& random_;
  bool inside_named_ = false;
};

std::string random_string(Random& random) {
  static constexpr std::string_view kPieces[] = {"a", "bc", "\u00e9", "\u20ac", "\U0001F600", "plain text, rather long"};
  const uint32_t kinds = below(random, 3) == 0 ? 6 : below(random, 3) + 1;  // often Latin-1 only
  std::string out;
  for (uint32_t i = 0, n = below(random, 8); i < n; ++i) out += kPieces[below(random, kinds)];
  return out;
}

Val random_value(Random& random, const TypeTable& types, ValType type) {
  if (type.is_primitive()) {
    const Primitive p = type.primitive();
    if (p == Primitive::String) return Val::of_string(random_string(random));
    if (p == Primitive::Bool) return Val::of_bool(below(random, 2));
    if (p == Primitive::Char) return Val::of_char(below(random, 2) ? 0x10FFFF : below(random, 0xD800));
    uint64_t bits = (uint64_t{random()} << 32 | random()) >> below(random, 64);
    if (p == Primitive::F32 && below(random, 4) == 0) bits = 0x7F812345;  // a NaN
    const uint32_t size = size_of(p);
    if (size < 8) bits &= (uint64_t{1} << 8 * size) - 1;
    return Val::scalar(kind_of(p), bits);
  }
  const Shape s(types, type);
  switch (s.kind()) {
    case Shape::Kind::Record: {
      std::vector<Val> fields;
      for (size_t i = 0; i < s.size(); ++i) fields.push_back(random_value(random, types, s.field(i)));
      return Val::of_record(std::move(fields));
    }
    case Shape::Kind::Variant: {
      const uint32_t i = below(random, static_cast<uint32_t>(s.size()));
      return s.case_type(i) ? Val::of_case(i, random_value(random, types, *s.case_type(i))) : Val::of_case(i);
    }
    case Shape::Kind::Flags: return Val::of_flags(random() & (s.size() < 32 ? (1u << s.size()) - 1 : ~0u));
    default: break;
  }
  std::vector<Val> elements(below(random, 4));
  for (Val& element : elements) element = random_value(random, types, s.element());
  return Val::of_list(std::move(elements));
}

std::string_view core_name(char c) { return c == 'i' ? "i32" : c == 'l' ? "i64" : c == 'f' ? "f32" : "f64"; }

// A memory whose realloc keeps a digest of what it is asked for.
constexpr std::string_view kMemory = R"(
  (core module $Mem (memory (export "mem") 16)
    (global $next (mut i32) (i32.const 65536)) (global $digest (export "digest") (mut i32) (i32.const 7))
    (func $note (param i32)
      (global.set $digest (i32.add (i32.mul (global.get $digest) (i32.const 31)) (local.get 0))))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $p i32)
      (call $note (local.get $old)) (call $note (local.get $old_size)) (call $note (local.get $align))
      (call $note (local.get $size))
      (local.set $p (i32.and (i32.add (global.get $next) (i32.const 31)) (i32.const -16)))
      (global.set $next (i32.add (local.get $p) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.const 900000)) (then (global.set $next (i32.const 65536))))
      (memory.copy (local.get $p) (local.get $old)
        (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))
      (local.get $p))
    (func (export "digest-now") (result i32) (global.get $digest)))
  (core instance $mem (instantiate $Mem)))";

std::string options(Random& random) {
  static constexpr std::string_view kEncodings[] = {"utf8", "utf8", "utf16", "latin1+utf16"};
  return R"( (memory (core memory $mem "mem")) (realloc (core func $mem "realloc")) string-encoding=)" +
         std::string(kEncodings[below(random, 4)]);
}

// Core parameters, and getting all of them.
std::string core_params(const std::string& flat) {
  std::string out = "(param";
  for (const char c : flat) out.append(" ").append(core_name(c));
  return out + ")";
}
std::string get_all(size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += " (local.get " + std::to_string(i) + ")";
  return out;
}

// The caller's exports use its names of types.
std::string exported(std::string text) {
  for (size_t at = text.find("$e"); at != std::string::npos; at = text.find("$e", at)) text[at + 1] = 'x';
  return text;
}

std::string component_of(Random& random) {
  TypeMaker maker(random);
  const RandomType value = maker.make(3);
  std::string pad;
  for (int i = 0; i < 17; ++i) pad += " u8";
  const std::string boxed = "(tuple " + value.text + pad + ")";
  // What the callee sees: flat values, in memory as the tuple of them when there are several.
  const bool flat = value.flat.size() <= 16;
  std::string seen = "(tuple", stores;
  uint32_t at = 0;
  for (size_t i = 0; flat && i < value.flat.size(); ++i) {
    const char c = value.flat[i];
    const uint32_t size = c == 'i' || c == 'f' ? 4 : 8;
    at = (at + size - 1) / size * size;
    seen += c == 'i' ? " u32" : c == 'l' ? " u64" : c == 'f' ? " f32" : " f64";
    stores += "(" + std::string(core_name(c)) + ".store offset=" + std::to_string(1024 + at) +
              " (i32.const 0) (local.get " + std::to_string(i) + "))";
    at += size;
  }
  seen += ")";
  const bool one = value.flat.size() == 1;
  const std::string one_core = one ? std::string(core_name(value.flat[0])) : "i32";
  const std::string flat_type = "(func (param \"x\" " + value.text + ") (result " + seen + "))";
  const std::string boxed_type = "(func (param \"x\" " + boxed + ") (result " + boxed + "))";
  std::string callee_types, caller_types, exported_types, imported_types;
  for (size_t i = 0; i < maker.named.size(); ++i) {
    const std::string n = std::to_string(i);
    callee_types += "(type $d" + n + " " + maker.named[i] + ") (export $e" + n + " \"t" + n + "\" (type $d" + n + "))\n";
    caller_types += "(type $d" + n + " " + maker.named[i] + ") (import \"t" + n + "\" (type $e" + n + " (eq $d" + n + ")))\n";
    imported_types += " (with \"t" + n + "\" (type $callee \"t" + n + "\"))";
    exported_types += "(export $x" + n + " \"t" + n + "\" (type $e" + n + "))\n";
  }
  std::string text = "(component (component $Callee " + callee_types + std::string(kMemory) + R"(
    (core module $M (import "" "mem" (memory 1))
      (func (export "boxed") (param i32) (result i32) (local.get 0)))";
  if (flat)
    text += "(func (export \"flat\") " + core_params(value.flat) + " (result " + one_core + ") " +
            (one ? "(local.get 0)" : stores + "(i32.const 1024)") + ")";
  text += R"() (core instance $m (instantiate $M (with "" (instance $mem))))
    (func (export "boxed") (param "x" )" + boxed + ") (result " + boxed + ") (canon lift (core func $m \"boxed\")" +
          options(random) + "))";
  if (flat)
    text += "(func (export \"flat\") (param \"x\" " + value.text + ") (result " + seen +
            ") (canon lift (core func $m \"flat\")" + options(random) + "))";
  text += R"((func (export "digest") (result u32) (canon lift (core func $mem "digest-now"))))
    (instance $callee (instantiate $Callee))
    (component $Caller )" + caller_types + "(import \"boxed\" (func $boxed (param \"x\" " + boxed + ") (result " + boxed +
          ")))";
  if (flat) text += "(import \"flat\" (func $flat (param \"x\" " + value.text + ") (result " + seen + ")))";
  const std::string boxed_options = options(random), flat_options = options(random);
  text += std::string(kMemory) + "(core func $boxed' (canon lower (func $boxed)" + boxed_options + "))";
  if (flat) text += "(core func $flat' (canon lower (func $flat)" + flat_options + "))";
  text += R"((core module $M (import "" "boxed" (func $boxed (param i32 i32)))
      (func (export "boxed") (param i32) (result i32)
        (call $boxed (local.get 0) (i32.const 1024)) (i32.const 1024)))";
  if (flat)
    text += "(import \"\" \"flat\" (func $flat " + core_params(value.flat + (one ? "" : "i")) +
            (one ? " (result " + one_core + ")" : "") + ")) (func (export \"flat\") " + core_params(value.flat) + " (result " +
            one_core + ") (call $flat" + get_all(value.flat.size()) +
            (one ? ")" : " (i32.const 2048)) (i32.const 2048)") + ")";
  // Imports come first in a module.
  text += ") (core instance $m (instantiate $M (with \"\" (instance (export \"boxed\" (func $boxed'))" +
          std::string(flat ? " (export \"flat\" (func $flat'))" : "") + "))))";
  text += exported_types + "(func (export \"boxed\") (param \"x\" " + exported(boxed) + ") (result " + exported(boxed) +
          ") (canon lift (core func $m \"boxed\")" + boxed_options + "))";
  if (flat)
    text += "(func (export \"flat\") (param \"x\" " + exported(value.text) + ") (result " + seen +
            ") (canon lift (core func $m \"flat\")" + flat_options + "))";
  text += R"((func (export "digest") (result u32) (canon lift (core func $mem "digest-now"))))
    (instance $caller (instantiate $Caller)" + imported_types + " (with \"boxed\" (func $callee \"boxed\"))" +
          (flat ? " (with \"flat\" (func $callee \"flat\"))" : "") + R"())
    (export "caller" (instance $caller)) (export "callee-digest" (func $callee "digest"))))";
  // Function imports of a module must precede its functions.
  if (flat) {
    const std::string func = "(func (export \"boxed\") (param i32) (result i32)\n        (call $boxed";
    const size_t first = text.rfind(func), import = text.find("(import \"\" \"flat\"", first);
    const size_t end = text.find("(func (export \"flat\")", import);
    const std::string moved = text.substr(import, end - import);
    text.erase(import, moved.size());
    text.insert(first, moved);
  }
  return text;
}

TEST(FusedRandom, BothFormsAgree) {
  EngineConfig config;
  config.features = Features::all();
  Engine engine(config, make_interpreter());
  uint32_t fused = 0, flat_functions = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    Random random(seed);
    const std::string text = component_of(random);
    auto binary = component_wat_to_binary(text, engine.features());
    ASSERT_TRUE(binary) << seed << ": " << binary.error().message() << "\n" << text;
    auto component = compile_component(engine, SharedBytes::own(std::move(*binary)));
    ASSERT_TRUE(component) << seed << ": " << component.error().message() << "\n" << text;
    fused += (*component)->plan().fused;
    const ComponentLinker linker;
    std::unique_ptr<Store> cores[2];
    std::unique_ptr<ComponentStore> stores[2];
    ComponentInstancePtr instances[2];
    for (int form = 0; form < 2; ++form) {
      cores[form] = Store::create(engine).value();
      ComponentLimits limits;
      limits.fused_calls = form == 1;
      stores[form] = ComponentStore::create(*cores[form], limits).value();
      auto made = linker.instantiate(*stores[form], *component);
      ASSERT_TRUE(made) << seed << ": " << made.error().message();
      instances[form] = *made;
    }
    auto find = [&](int form, std::string_view name) {
      const Item* exported = instances[form]->find("caller")->instance->find(name);
      return exported ? exported : instances[form]->find(name);
    };
    auto call = [&](int form, std::string_view name, std::vector<Val> args) {
      auto result = call_func(*stores[form], *find(form, name)->func, args);
      if (!result) return Val::of_string("trap: " + result.error().message());
      return **result;
    };
    for (int round = 0; round < 4; ++round) {
      for (const char* name : {"boxed", "flat"}) {
        const Item* item = find(0, name);
        if (!item) continue;
        const Val value = random_value(random, *item->func->types(), item->func->type().params[0].type);
        const Val plain = call(0, name, {value}), quick = call(1, name, {value});
        ASSERT_TRUE(plain == quick) << seed << " " << name << "\n" << text;
        ASSERT_NE(plain.kind(), Val::Kind::String) << plain.string() << text;
        flat_functions += item->func->type().params.size() == 1 && name[0] == 'f';
      }
      for (const char* name : {"digest", "callee-digest"})
        ASSERT_TRUE(call(0, name, {}) == call(1, name, {})) << seed << " " << name << "\n" << text;
    }
  }
  EXPECT_GT(fused, 200u);
  EXPECT_GT(flat_functions, 200u);
}

}  // namespace
}  // namespace skiff::component
