// Parser: the state of parsing one module, internal to this folder and component/text. Its methods live in
// parse_module.cc (the passes, names, custom annotations), parse_types.cc and parse_fields.cc; bodies and
// expressions are BodyParser's (parse_instr.h).
//
// Three passes over the tokens of the module: bind all identifiers; define the explicit types; parse
// everything else in source order, appending the function types that type uses imply (Spec: text-typeuse).
#pragma once

#include <memory>
#include <unordered_map>

#include "engine/base/writer.h"
#include "engine/syntax/module.h"
#include "engine/text/lexer.h"
#include "engine/text/names.h"
#include "engine/text/text.h"

namespace skiff::text {

/// `(type x)? (param ...)* (result ...)*`, resolved to a type index.
struct TypeUse {
  uint32_t index = 0;
  bool is_explicit = false;  // had (type x)
  FuncType inline_type;      // what the param and result clauses said
};

/// An identifier or name annotation that a definition, parameter or local may carry.
struct Binder {
  std::string_view id;                   // empty: none
  std::optional<std::string_view> name;  // for the name section: @name, else the identifier
};

class Parser {
 public:
  Parser(TokenCursor& cursor, Features features, SourceMap* source_map = nullptr);

  /// Parses fields up to the closing parenthesis or the end, which it leaves to the caller. An
  /// identifier and name of the module come first when `with_id`.
  Result<Module> run(bool with_id);

  // For BodyParser.
  TokenCursor& cursor() { return c_; }
  Module& module() { return module_; }
  ByteArena& arena() { return *arena_; }
  /// Where positions of instructions are kept; null when nobody asks.
  SourceMap* source_map() const { return source_map_; }

  IndexSpace types, funcs, tables, memories, globals, tags, elems, datas;

  /// An index or identifier of a space. Errors: the space's `unknown`, I32OutOfRange.
  uint32_t index(const IndexSpace& space);
  /// A field of struct type `type`.
  uint32_t field_index(uint32_t type);
  bool at_index(size_t ahead = 0) const {
    return c_.kind(ahead) == TokenKind::Nat || c_.kind(ahead) == TokenKind::Id;
  }
  /// A plain unsigned integer. Errors: I32OutOfRange and its like.
  uint64_t nat(unsigned bits);
  /// Text of an identifier token; quoted ones are decoded into the arena.
  std::string_view id_text(const Token& token);
  /// An identifier if there is one here, else empty.
  std::string_view optional_id();
  Binder binder();

  // parse_types.cc
  HeapType heap_type();
  ValType val_type();
  ValType ref_type();
  bool at_ref_type() const;
  /// `on_param` is called for each parameter with its binder; without it identifiers are errors.
  template <class OnParam>
  TypeUse type_use(OnParam on_param);
  TypeUse type_use_without_names();
  /// Index of the first final function type without supertype in a group of its own that equals `type`;
  /// appends one when there is none.
  uint32_t find_or_add(const FuncType& type);
  /// Null when the index is not that of a function type.
  const FuncType* func_type(uint32_t index) const;

  // For the component parser, which has core types outside of modules: it keeps `types` itself and adds an
  // element to module().types for each type that it reads.
  SubType sub_type();
  TableType table_type();
  MemoryType memory_type();
  GlobalType global_type();

 private:
  friend class BodyParser;
  using FieldMethod = void (Parser::*)();

  // parse_module.cc
  void bind_fields();
  void bind_field();
  void bind_definition(IndexSpace& space, NameMap& names);
  void bind_extern(ExternKind kind, bool imported);
  void bind_name_annotation(bool at_start);
  bool has_inline_import();
  bool has_child(std::string_view keyword);
  void custom_annotation();
  std::optional<int> custom_placement();
  void place_customs();
  void define_types();
  void parse_fields();
  void parse_field();
  void forget_fields();
  void add_data_count();

  // parse_types.cc
  FieldType field_type();
  ValType storage_type();
  CompositeType composite_type();
  void struct_fields(std::vector<FieldType>& out);
  void type_definition();
  void rec_group();
  void note_func_type(uint32_t index);
  std::vector<ValType> results();
  void resolve(TypeUse& use, uint64_t offset);
  Limits limits();
  AddressType address_type();
  uint8_t page_size();

  // parse_fields.cc
  void skip_binder();
  void inline_exports(ExternKind kind, uint32_t index);
  bool inline_import(ExternKind kind, uint32_t index);
  void import_field();
  void func_field();
  void func_definition();
  void func_body(const TypeUse& use, std::vector<Binder> locals);
  void table_field();
  void table_definition();
  void inline_elems(uint32_t table, AddressType address);
  void memory_field();
  void memory_definition();
  void inline_data(uint32_t memory, AddressType address);
  void global_field();
  void tag_field();
  void export_field();
  void start_field();
  void elem_field();
  void elem_list(ElemSegment& segment, bool may_omit_kind);
  void data_field();
  ConstExpr const_expr_until_close();
  ConstExpr offset_expr();
  ConstExpr elem_item();
  ConstExpr zero_expr(AddressType address);
  ConstExpr ref_func_expr(uint32_t func);
  ByteSpan data_strings();
  std::string_view stored_name();
  std::vector<ValType> local_types(std::vector<Binder>& binders);

  struct FuncTypeHash {
    size_t operator()(const FuncType& type) const;
  };
  struct Custom {
    CustomSection section;
    int place;
  };

  TokenCursor& c_;
  SourceMap* const source_map_;
  Module module_;
  std::shared_ptr<ByteArena> arena_;
  size_t first_field_ = 0;
  std::optional<ExternKind> last_definition_;
  std::unordered_map<FuncType, uint32_t, FuncTypeHash> func_types_;
  std::unordered_map<uint32_t, Scope> fields_;  // by struct type
  std::vector<Custom> customs_;
  bool uses_data_index_ = false;
  // A type use met an index that no type had yet: an implied type may get it later.
  std::optional<uint32_t> forward_type_;
  bool forward_type_inline_ = false;
  uint64_t forward_offset_ = 0;
};

template <class OnParam>
TypeUse Parser::type_use(OnParam on_param) {
  TypeUse use;
  const uint64_t offset = c_.peek().offset;
  if (c_.accept_form("type")) {
    use.is_explicit = true;
    use.index = index(types);
    c_.expect_close();
  }
  while (c_.accept_form("param")) {
    while (c_.ok() && !c_.at(TokenKind::RParen)) {
      const Binder b = binder();
      use.inline_type.params.push_back(val_type());
      on_param(b);
      if (!b.id.empty()) break;
    }
    c_.expect_close();
  }
  use.inline_type.results = results();
  if (c_.at_form("param") || c_.at_form("type")) c_.unexpected();  // out of order
  if (c_.ok()) resolve(use, offset);
  return use;
}

}  // namespace skiff::text
