// Every unary and binary operator, in every form that lowering has for it: operands in slots, accumulators and
// code, results in accumulators and slots, comparisons as conditions. What the operators compute is the
// business of their semantics functions, which are called here for what to expect.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/base/bits.h"
#include "engine/exec/semantics.h"
#include "engine/interp/interp_test_support.h"
#include "engine/syntax/opcode.h"

namespace skiff::testing {
namespace {

struct Row {
  const OpInfo* info;
  /// Arguments, and the result or trap, in slots (two for a v128).
  TrapCode (*eval)(const Slot* a, const Slot* b, Slot* out);
};

template <class T>
T read(const Slot* s) {
  if constexpr (std::is_same_v<T, V128>)
    return load_v128(s);
  else
    return load_unaligned<T>(s);
}

template <auto F>
TrapCode eval(const Slot* a, const Slot* b, Slot* out) {
  using Traits = num::Fn<F>;
  constexpr bool kTraps = std::is_same_v<typename Traits::Result, TrapCode>;
  using A = std::remove_cvref_t<typename Traits::template Param<0>>;
  TrapCode code = TrapCode::None;
  auto finish = [&](auto result) { std::memcpy(static_cast<void*>(out), &result, sizeof result); };
  if constexpr (Traits::kArity - kTraps == 1) {
    if constexpr (kTraps) {
      std::remove_cvref_t<typename Traits::template Param<1>> result{};
      code = F(read<A>(a), result);
      finish(result);
    } else {
      finish(F(read<A>(a)));
    }
  } else {
    using B = std::remove_cvref_t<typename Traits::template Param<1>>;
    if constexpr (kTraps) {
      std::remove_cvref_t<typename Traits::template Param<2>> result{};
      code = F(read<A>(a), read<B>(b), result);
      finish(result);
    } else {
      finish(F(read<A>(a), read<B>(b)));
    }
  }
  return code;
}

const Row kRows[] = {
#define CHECK_Unary(NAME) {&info(Op::NAME), eval<num::NAME>},
#define CHECK_Binary(NAME) {&info(Op::NAME), eval<num::NAME>},
#include "engine/interp/testing_rows.inc"
#undef CHECK_Unary
#undef CHECK_Binary
};

std::string type_name(char letter) {
  switch (letter) {
    case 'i': return "i32";
    case 'l': return "i64";
    case 'f': return "f32";
    case 'd': return "f64";
    default: return "v128";
  }
}

// A value of a type: two slots.
void sample(char letter, int i, Slot* out) {
  static constexpr uint64_t kBits[] = {0,           1,           7,
                                       0x8000'0000, 0xFFFF'FFFF, 0x8000'0000'0000'0000,
                                       ~0ull,       0x7FFF'FFFF, 0x123456789ABCDEF,
                                       0x3FC0'0000, 0x7FC0'0001, 0x4000'0000'0000'0000};
  const bool narrow = letter == 'i' || letter == 'f';
  out[0].u64 = narrow ? static_cast<uint32_t>(kBits[i % 12]) : kBits[i % 12];
  out[1].u64 = letter == 'v' ? ~kBits[(i + 5) % 12] : 0;
}

// A constant, written so that its bits are exact.
std::string constant(char letter, const Slot* s) {
  char text[96];
  // The sign comes from the bits: converting a NaN from float to double may lose it.
  auto number = [&](double value, bool negative, uint64_t payload) {
    if (value == value)
      std::snprintf(text, sizeof text, "%a", value);
    else
      std::snprintf(text, sizeof text, "%snan:0x%llx", negative ? "-" : "",
                    static_cast<unsigned long long>(payload));
    return std::string(text);
  };
  std::string value;
  switch (letter) {
    case 'i': value = std::to_string(s->u32); break;
    case 'l': value = std::to_string(s->u64); break;
    case 'f': value = number(static_cast<double>(s->f32), s->u32 >> 31, s->u32 & 0x7FFFFF); break;
    case 'd': value = number(s->f64, s->u64 >> 63, s->u64 & 0xFFFFFFFFFFFFF); break;
    default: value = "i64x2 " + std::to_string(s[0].u64) + " " + std::to_string(s[1].u64); break;
  }
  return "(" + type_name(letter) + ".const " + value + ")";
}

// The same value, but as the result of an instruction: in the accumulator.
std::string computed(char letter, const std::string& value) {
  switch (letter) {
    case 'i': return "(i32.xor " + value + " (i32.const 0))";
    case 'l': return "(i64.xor " + value + " (i64.const 0))";
    case 'f': return "(f32.reinterpret_i32 (i32.reinterpret_f32 " + value + "))";
    case 'd': return "(f64.reinterpret_i64 (i64.reinterpret_f64 " + value + "))";
    default: return "(v128.not (v128.not " + value + "))";
  }
}

// Bodies that compute a row's result from parameters 0 and 1 (which are a and b) in all ways.
std::vector<std::string> forms_of(const Row& row, const Slot* a, const Slot* b) {
  const std::string_view sig = row.info->sig;
  const std::string op = "(" + std::string(row.info->text) + " ";
  const std::string x = "(local.get 0)", y = "(local.get 1)", cx = computed(sig[0], x),
                    kx = constant(sig[0], a);
  const std::string set = "(local.set 2 " + op, get = ")) (local.get 2)";
  if (row.info->pops == 1) return {op + x + ")", op + cx + ")", op + kx + ")", set + x + get, set + cx + get};
  const std::string cy = computed(sig[1], y), ky = constant(sig[1], b);
  std::vector<std::string> bodies;
  for (const auto& [left, right] :
       {std::pair{x, y}, {cx, y}, {x, cy}, {x, ky}, {cx, ky}, {kx, y}, {kx, ky}, {cx, cy}, {kx, cy}}) {
    bodies.push_back(op + left + right + ")");
    bodies.push_back(set + left + right + get);
  }
  // Comparisons as conditions of branches, forwards and backwards.
  const bool compares =
      sig == "ii:i" ? row.info->code >= 0x46 && row.info->code <= 0x4F : sig.ends_with(":i") && sig[0] != 'v';
  if (compares) {
    for (const auto& [left, right] : {std::pair{x, y}, {cx, y}, {x, cy}, {x, ky}, {cx, ky}}) {
      const std::string test = op + left + right + ")";
      bodies.push_back("(block (br_if 0 " + test + ") (return (i32.const 0))) (i32.const 1)");
      bodies.push_back("(if (result i32) " + test + " (then (i32.const 1)) (else (i32.const 0)))");
      bodies.push_back(
          "(loop (if (local.get 3) (then (return (i32.const 1)))) (local.set 3 (i32.const 1)) (br_if 0 " +
          test + ")) (i32.const 0)");
    }
  }
  return bodies;
}

// Equal bits, except that which NaN a floating point operator returns for two NaNs is the compiler's choice.
bool same_result(const Row& row, const Slot* got, const Slot* expected, size_t size) {
  if (std::memcmp(got, expected, size) == 0) return true;
  auto lanes_match = [&]<class F>(F) {
    for (size_t at = 0; at < size; at += sizeof(F)) {
      const auto* x = reinterpret_cast<const uint8_t*>(got) + at;
      const auto* y = reinterpret_cast<const uint8_t*>(expected) + at;
      const bool nans = std::isnan(load_unaligned<F>(x)) && std::isnan(load_unaligned<F>(y));
      if (!nans && std::memcmp(x, y, sizeof(F)) != 0) return false;
    }
    return true;
  };
  if (row.info->text.starts_with("f32")) return lanes_match(0.0f);
  return row.info->text.starts_with("f64") && lanes_match(0.0);
}

void check_row(World& w, const Row& row, int round) {
  const std::string_view sig = row.info->sig;
  const bool binary = row.info->pops == 2;
  Slot a[2], b[2] = {}, expected[2] = {};
  sample(sig[0], round, a);
  sample(binary ? sig[1] : 'i', round * 5 + 3, b);
  const TrapCode code = row.eval(a, b, expected);
  const char result = sig.back();
  const std::vector<std::string> bodies = forms_of(row, a, b);
  std::string wat = "(module";
  for (size_t i = 0; i < bodies.size(); ++i)
    wat += "\n(func (export \"s" + std::to_string(i) + "\") (param " + type_name(sig[0]) + " " +
           (binary ? type_name(sig[1]) : "i32") + ") (result " + type_name(result) + ") (local " +
           type_name(result) + " i32) " + bodies[i] + ")";
  Instance* instance = w.make(wat + ")");
  ASSERT_NE(instance, nullptr) << wat;
  for (size_t i = 0; i < bodies.size(); ++i) {
    Slot values[4] = {};
    const uint32_t first = sig[0] == 'v' ? 2 : 1;
    std::memcpy(static_cast<void*>(values), a, first * sizeof(Slot));
    std::memcpy(static_cast<void*>(values + first), b, (binary && sig[1] == 'v' ? 2 : 1) * sizeof(Slot));
    const auto done = w.call(instance, "s" + std::to_string(i), values);
    if (code != TrapCode::None) {
      ASSERT_FALSE(done.has_value()) << bodies[i];
      EXPECT_EQ(done.error().trap.code, code) << bodies[i];
      continue;
    }
    ASSERT_TRUE(done.has_value()) << bodies[i] << ": " << done.error().message();
    const size_t size = result == 'v' ? 16 : result == 'i' || result == 'f' ? 4 : 8;
    EXPECT_TRUE(same_result(row, values, expected, size)) << bodies[i] << " round " << round;
  }
}

TEST(InterpForms, EveryUnaryAndBinaryOperatorInEveryForm) {
  World w;
  for (const Row& row : kRows)
    for (int round = 0; round < 12; round += 3) check_row(w, row, round);
}

}  // namespace
}  // namespace skiff::testing
