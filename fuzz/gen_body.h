// BodyGen: one function body, generated top-down: value(t) appends code that pushes one value of type t (or of
// a subtype), statement() code that leaves the stack as it was. Either may also make the rest of the block
// unreachable. Internal to gen*.cc.
//
// Well-typedness is by construction; the stack itself is not tracked. Size is bounded by a budget of operators,
// depth of nesting by kMaxDepth; when either is used up, or the input, values are constants.
#pragma once

#include "fuzz/gen_context.h"

namespace skiff::fuzz {

class BodyGen {
 public:
  BodyGen(Context& context, uint32_t func, uint32_t budget);
  /// Local declarations, code, end.
  CodeBytes run();

 private:
  using Types = std::vector<ValType>;
  struct Local {
    ValType type;
    bool set = false;    // may be read; always true for defaultable types
  };
  /// Which locals may be read.
  using SetLocals = std::vector<bool>;
  struct Label {
    Types types;         // what a branch to it takes
    SetLocals before;    // at the beginning of the block; its end and its parts forget the rest
    bool legacy_catch = false;
  };
  static constexpr uint32_t kMaxDepth = 9;

  // Emission.
  void op(Op o) { emit(out_, {.op = o}); }
  void op(Op o, uint32_t index, uint32_t index2 = 0) { emit(out_, {.op = o, .index = index, .index2 = index2}); }
  void i32(uint32_t v) { emit(out_, {.op = Op::I32Const, .bits = v}); }
  void address_const(AddressType at, uint64_t v);
  /// Ands the value on the stack, of an address type.
  void mask(AddressType at, uint64_t bits);
  void heap_op(Op o, ValType target) { emit(out_, {.op = o, .type = target}); }
  void select(ValType t);

  // gen_body.cc: locals, the frame, lists of values, statements.
  bool spent() const { return budget_ == 0 || depth_ >= kMaxDepth || c.in.empty(); }
  bool trap_free() const { return c.options.trap_free; }
  void terminal(ValType t);
  void values(std::span<const ValType> types);
  void terminals(std::span<const ValType> types);
  uint32_t new_local(ValType t);
  /// A local for one short use: its value does not survive the next value().
  uint32_t scratch(ValType t);
  void set_local(uint32_t local);
  bool get_local(ValType t);
  bool store_local(ValType t, Op o);
  SetLocals save() const;
  void restore(const SetLocals& saved);
  /// Removes results of a call or block from the stack but number `keep`, or all.
  void keep_one(std::span<const ValType> results, size_t keep);
  void discard(std::span<const ValType> types);
  /// Uses up parameters of a block: into locals, or drops them.
  void consume(std::span<const ValType> types);
  void tick();
  void statements();
  void statement();
  void cheap_statement();

  // gen_values.cc: numbers and vectors, memories.
  void value(ValType t);
  void number(ValType t);
  bool row(Op o, ValType wanted);
  void operands(const OpInfo& row, Instr& instr);
  void guard_divisor(Op o);
  void canonicalise(Op o);
  bool choose_memory(uint64_t bytes, uint32_t& memory, std::optional<AddressType> at = {});
  void memory_operand(const OpInfo& row, Instr& instr);
  bool size_of(ValType t);
  void store_row();
  void bulk_memory();
  void bulk_length(AddressType at, uint64_t limit);

  // gen_control.cc: blocks, branches, calls, exceptions.
  bool general(ValType t);
  void begin(Op o, const Types& params, const Types& results, std::span<const Catch> catches = {});
  void begin_part(Op o, uint32_t tag = 0);
  void end();
  Types block_params();
  Types results_with(ValType t, size_t& at);
  void block(Op o, const Types& results);
  void block_through(Op o);
  void if_else(const Types& results);
  void try_table(const Types& results);
  void legacy_try(const Types& results);
  void structured(const Types& results);
  bool call(std::optional<ValType> t);
  void call_kind(uint32_t func, bool tail);
  bool br_if(std::optional<ValType> t);
  bool br_table();
  bool br_on();
  void br_on_cast(Op o, uint32_t label, ValType from, ValType to);
  void abrupt();
  bool throw_something();
  bool rethrow();
  bool tail_call();
  std::vector<uint32_t> labels_taking(const Types& types) const;
  uint32_t label_of(size_t i) const { return static_cast<uint32_t>(labels_.size() - 1 - i); }

  // gen_refs.cc: references, structs, arrays, tables.
  void reference(ValType t);
  bool concrete(HeapType heap);
  void make_struct(uint32_t type);
  void make_array(uint32_t type);
  void cast(ValType t);
  void non_null(HeapType heap);
  void exception_ref(uint32_t tag);
  HeapType super_of(HeapType heap);
  bool i32_of_ref();
  bool get_field(ValType t);
  void object(uint32_t type);
  void array_and_index(uint32_t type, std::span<const ValType> more, uint32_t& array, uint32_t& index);
  bool set_field();
  bool array_bulk();
  void known_array(uint32_t type);
  bool get_table(ValType t);
  bool choose_table(uint32_t& table, bool writes);
  void table_index(uint32_t table);
  void table_statement();
  void table_bulk();

  Context& c;
  const FuncType type_;
  Writer out_;
  std::vector<Local> locals_;
  std::vector<uint32_t> scratch_;
  std::vector<Label> labels_;
  uint32_t budget_;
  uint32_t depth_ = 0;
  uint32_t catchers_ = 0;   // enclosing blocks of this function that catch everything
};

}  // namespace skiff::fuzz
