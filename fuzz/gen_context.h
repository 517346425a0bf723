// Context: the module while it is generated, and what all parts of the generator ask about it: types, which
// of them have values, which matches which. Internal to gen*.cc.
//
// Declared types (indices below `declared`) come first in the module; function types of blocks and tags are
// added behind them as they are needed. Every declared function type has a defined function, so that each
// reference to it has a value; a struct or array holds non-nullable references to earlier types only, so that
// each can be made.
#pragma once

#include <deque>
#include <string>

#include "engine/base/writer.h"
#include "engine/syntax/instr.h"
#include "fuzz/entropy.h"
#include "fuzz/gen.h"

namespace skiff::fuzz {

/// What the module's views point to.
struct Arena {
  std::deque<std::vector<uint8_t>> bytes;
  std::deque<std::string> names;
};

class Context {
 public:
  Context(ByteSpan entropy, const GenOptions& options);

  Entropy in;
  GenOptions options;
  Module m;
  uint32_t declared = 0;
  std::vector<uint32_t> structs, arrays, func_types;   // declared types of each kind
  uint32_t fuel_global = 0;
  /// A funcref table that holds function i at index i; trap-free code calls through it and never writes it.
  uint32_t call_table = 0;
  uint32_t block_types = 0;                             // function types added for blocks so far

  bool has(Feature f) const { return options.features.has(f); }
  bool refs() const { return has(Feature::ReferenceTypes); }
  bool gc() const { return has(Feature::Gc); }

  // gen_types.cc
  void make_types();
  void make_signatures();
  void make_tags();
  /// A type for a value. Non-nullable references only to types that have values.
  ValType random_type();
  ValType random_number();
  ValType random_ref();
  HeapType random_heap();
  std::vector<ValType> random_types(uint32_t most);
  /// The index of a final function type, added when there is none yet.
  uint32_t func_type(const std::vector<ValType>& params, const std::vector<ValType>& results);

  // gen_module.cc
  void make_imports();
  void make_memories();
  void make_tables();
  void make_globals();
  void make_segments();
  void make_exports();

  // Questions.
  const SubType& type(uint32_t index) const { return m.types[index]; }
  const std::vector<FieldType>& fields(uint32_t index) const { return m.types[index].comp.fields; }
  const FuncType& signature(uint32_t func) const { return m.types[m.functions[func].type].comp.func; }
  const FuncType& tag_type(uint32_t tag) const { return m.types[m.tags[tag].type.type].comp.func; }
  bool matches(ValType sub, ValType super) const;
  bool heap_matches(HeapType sub, HeapType super) const;
  bool all_match(std::span<const ValType> subs, std::span<const ValType> supers) const;
  HeapType top(HeapType heap) const;
  /// There are non-null references of this type.
  bool inhabited(HeapType heap) const;
  /// Accessible bytes that memory i has at least.
  uint64_t memory_bytes(uint32_t i) const {
    return m.memories[i].type.limits.min << m.memories[i].type.page_size_log2;
  }
  /// Largest power of two that is not above n, 0 for 0.
  static uint64_t floor_power(uint64_t n) { return std::bit_floor(n); }

  // Constant expressions, which are also the simplest code for a value (gen_module.cc).
  /// Code that pushes a value of type t and needs nothing but the module's types and functions.
  void constant(Writer& out, ValType t);
  ConstExpr const_expr(ValType t);
  ConstExpr const_address(AddressType at, uint64_t value);
  ByteSpan keep(std::vector<uint8_t> bytes);
  std::string_view name(std::string text);

 private:
  void make_rec_group(uint32_t size);
  SubType random_comp(uint32_t index, uint32_t group_end);
  FieldType random_field(uint32_t index, uint32_t group_end, bool& strict);
  void constant_heap(Writer& out, HeapType heap);
  void constant_array(Writer& out, uint32_t type);
  void extended_constant(Writer& out, ValType t);
  void make_call_table();
  void make_elem(uint32_t i);
  void make_data();

  std::shared_ptr<Arena> arena_;
};

/// Appends one instruction.
void emit(Writer& out, const Instr& instr);

/// Random function bodies for all defined functions (gen_body.cc).
void make_bodies(Context& context);

}  // namespace skiff::fuzz
