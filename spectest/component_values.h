// Component values of scripts: the literals `(u8.const 1)`, `(record.const (field "a" str.const "b"))` and
// so on, read without knowing their types, made into values of a type and compared with values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "component/abi/value.h"
#include "engine/text/lexer.h"

namespace skiff::spectest {

/// A literal: an argument of an invocation, or what a result must be.
struct ComponentConst {
  enum class Kind : uint8_t {
    Bool, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, Char,
    String, List, Record, Tuple, Variant, Enum, Option, Result, Flags
  };
  /// What a float result may be.
  enum class Nan : uint8_t { Exact, Canonical, Arithmetic };

  Kind kind = Kind::Bool;
  Nan nan = Nan::Exact;             // F32, F64
  bool first_case = false;          // Option: none; Result: ok
  uint64_t bits = 0;                // Bool to Char, in the low bits
  std::string text;                 // String; Variant, Enum: the case
  std::vector<std::string> names;   // Record: fields; Flags: those that are set
  std::vector<ComponentConst> items;  // List, Record, Tuple; Variant, Option, Result: payload
};

/// Is the form here such a literal? Core constants are not, except f32.const and f64.const, which both
/// have in common.
bool at_component_const(const text::TokenCursor& cursor);
/// Reads one. Errors stay in the cursor.
ComponentConst parse_component_const(text::TokenCursor& cursor);

/// The literal as a value of a type. Errors: InvalidArgument, naming what does not fit.
Result<component::Val> to_val(const component::TypeTable& types, component::ValType type,
                              const ComponentConst& constant);
/// Is the value, which is of that type, what the literal says?
bool matches(const component::TypeTable& types, component::ValType type, const ComponentConst& constant,
             const component::Val& value);

/// In the notation of scripts.
std::string to_string(const ComponentConst& constant);
std::string to_string(const component::TypeTable& types, component::ValType type, const component::Val& value);

}  // namespace skiff::spectest
