// Printer: the state of printing one module, internal to this folder. print_module.cc has the fields,
// print_types.cc types and names, print_instr.cc single instructions and flat bodies, print_fold.cc folded
// bodies.
//
// Names of the name section become identifiers where they are unique in their space; other names are
// kept in @name annotations. Comments "(;n;)" give the index of each definition.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/binary/decode_instr.h"
#include "engine/syntax/instr.h"
#include "engine/syntax/module.h"
#include "engine/text/text.h"

namespace skiff::text {

/// Identifiers of one index space: those names that are unique and not empty.
class Identifiers {
 public:
  Identifiers() = default;
  Identifiers(const NameMap& names, size_t count);
  /// Without '$'; empty when the index has none.
  std::string_view find(uint32_t index) const {
    const auto it = ids_.find(index);
    return it == ids_.end() ? std::string_view{} : it->second;
  }

 private:
  std::unordered_map<uint32_t, std::string_view> ids_;
};

/// Appends a string literal with its quotes.
void append_string(std::string& out, std::string_view bytes);
/// Appends "$name" or $"name".
void append_id(std::string& out, std::string_view name);

/// The names of one function, type, ...; an empty map when it has none.
const NameMap& names_of(const IndirectNameMap& map, uint32_t index);
/// "(before first)" or "(after code)": the placement of a custom section.
std::string section_place(uint8_t after);

bool opens_block(Op op);      // block, loop, if, try, try_table
bool continues_block(Op op);  // else, catch, catch_all
bool ends_block(Op op);       // end, delegate

/// One open block of a body, while it is printed.
struct OpenBlock {
  Op op;  // Block, Loop, If, Else, Try, Catch, CatchAll, TryTable
  std::string_view label = {};
};

class Printer {
 public:
  Printer(const Module& module, const PrintOptions& options);
  Result<std::string> run();

 private:
  friend class Folder;

  // print_module.cc
  void line(size_t depth);
  void module_types();
  void module_imports();
  Status module_functions();
  Status module_tables();
  void module_memories();
  void module_tags();
  Status module_globals();
  void module_exports();
  Status module_elems();
  Status elem_segment(uint32_t index);
  Status module_datas();
  void module_customs();
  bool shows_custom(const CustomSection& section) const;
  Status function(uint32_t index);
  Result<std::vector<ValType>> declared_locals(Reader& reader);

  // print_types.cc
  void definition(const char* keyword, const NameMap& names, const Identifiers& ids, uint32_t index);
  void binder(const NameMap& names, const Identifiers& ids, uint32_t index, bool comment);
  void reference(const Identifiers& ids, uint32_t index);
  void heap_type(HeapType t);
  void val_type(ValType t);
  void val_types(const char* keyword, const std::vector<ValType>& types);
  void field_type(const FieldType& field);
  void sub_type(uint32_t index);
  void composite_type(uint32_t index);
  void type_use(uint32_t index, const NameMap* locals, const Identifiers* local_ids);
  void limits(const Limits& limits, AddressType address);
  void memory_type(const MemoryType& type);
  void table_type(const TableType& type);
  void global_type(const GlobalType& type);
  const FuncType* func_type(uint32_t index) const;

  // print_instr.cc
  Status const_expr(const ConstExpr& expr);
  void begin_body();
  Status end_body(const Reader& reader, uint32_t func) const;
  Status flat_body(Reader& reader, uint32_t func, uint64_t base);
  Status decode(Reader& reader, Instr& e);
  void instr(const Instr& e);
  void operands(const Instr& e);
  void block_type(const BlockType& block);
  void memarg(const Instr& e);
  void label(uint32_t depth);
  void hint(uint32_t func, uint64_t offset);
  void open_label(Op op);
  void close_label();
  Status check_structure(const Instr& e) const;
  void instr_offset(const Instr& e);

  // print_fold.cc
  Status folded_body(Reader& reader, uint32_t func, uint64_t base);

  const Module& m_;
  PrintOptions options_;
  std::string out_;
  Identifiers types_, funcs_, tables_, memories_, globals_, tags_, elems_, datas_;
  std::unordered_map<uint32_t, Identifiers> fields_;
  Names no_names_;
  const Names* names_;
  // Of the function being printed.
  Identifiers locals_;
  const NameMap* label_names_ = nullptr;
  uint32_t label_count_ = 0;
  std::vector<OpenBlock> blocks_;
  std::unordered_map<std::string_view, std::vector<uint32_t>> label_depths_;
  size_t next_hint_ = 0;
  InstrBuffers buffers_;
};

}  // namespace skiff::text
