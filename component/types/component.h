// Component: a component as it is written, plain structs in the order of its definitions. Made by
// component/binary (decode_component) or component/text (parse_component), read by the encoder, the
// printer and the validator. Every index is syntactic: it counts in the index space of its sort at the
// place where it stands (Spec: Explainer.md, Index Spaces). Nothing in it has been checked beyond syntax.
//
// Thread: immutable once made. Owns its strings; core modules are byte ranges with an owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "component/types/sort.h"
#include "engine/binary/decode.h"
#include "engine/syntax/module.h"

namespace skiff::component {

/// Primitive value types (primitives.def), codes of the binary format.
enum class Primitive : uint8_t {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) ID = CODE,
#include "component/types/primitives.def"
};

/// Spec: name with its attributes (nameattributes).
struct ExternName {
  std::string name;
  std::optional<std::string> implements;      // an interface name
  std::optional<std::string> version_suffix;
  std::optional<std::string> external_id;
  bool operator==(const ExternName&) const = default;
};

// ---- core definitions

/// Spec: core:module. A complete core binary; `offset` is where it starts in the outermost component's
/// binary (0 when it came from text).
struct CoreModuleDef {
  SharedBytes binary;
  uint64_t offset = 0;
};

/// Spec: core:instantiatearg; the sort is always core instance.
struct CoreInstantiateArg {
  std::string name;
  SortIdx value;
  uint64_t offset = 0;
};
struct CoreInlineExport {
  std::string name;
  SortIdx value;
  uint64_t offset = 0;
};
/// Spec: core:instance.
struct CoreInstanceDef {
  std::optional<uint32_t> module;             // instantiate; else inline exports
  std::vector<CoreInstantiateArg> args;
  std::vector<CoreInlineExport> exports;
};

/// Spec: alias, core:alias.
struct AliasDef {
  enum class Kind : uint8_t { Export = 0, CoreExport = 1, Outer = 2 };
  Kind kind = Kind::Export;
  Sort sort = Sort::Func;
  uint32_t index = 0;       // instance; Outer: index in the outer scope
  uint32_t count = 0;       // Outer: enclosing scopes to skip
  std::string name;         // exports
};

/// What a core extern is, syntactically; types count in the core type index space of their scope.
struct CoreExternType {
  ExternKind kind = ExternKind::Func;
  uint32_t func_type = 0;   // Func, Tag
  TableType table;
  MemoryType memory;
  GlobalType global;
};

/// Spec: core:rectype. `explicit_group`: written as a group even when it has one member.
struct CoreRecType {
  std::vector<SubType> types;
  bool explicit_group = false;
};

struct CoreModuleType;
/// Spec: core:type. Defines as many core type indices as the group has members; module types one.
struct CoreTypeDef {
  std::variant<CoreRecType, std::shared_ptr<const CoreModuleType>> type;
};
/// Spec: core:moduledecl.
struct CoreImportDecl {
  std::string module;
  std::string name;
  CoreExternType type;
};
struct CoreExportDecl {
  std::string name;
  CoreExternType type;
};
struct CoreModuleDecl {
  std::variant<CoreImportDecl, CoreTypeDef, AliasDef, CoreExportDecl> decl;
  uint64_t offset = 0;
};
struct CoreModuleType {
  std::vector<CoreModuleDecl> decls;
};

// ---- value types

/// Spec: valtype: a primitive or a type index.
struct ValTypeRef {
  std::variant<Primitive, uint32_t> type = Primitive::Bool;
  bool operator==(const ValTypeRef&) const = default;
};
using OptValType = std::optional<ValTypeRef>;

struct LabelledType {
  std::string label;
  ValTypeRef type;
  bool operator==(const LabelledType&) const = default;
};
struct Case {
  std::string label;
  OptValType type;
  bool operator==(const Case&) const = default;
};
// Spec: defvaltype, one struct a constructor.
struct PrimitiveDef { Primitive type = Primitive::Bool; };
struct RecordDef { std::vector<LabelledType> fields; };
struct VariantDef { std::vector<Case> cases; };
struct ListDef { ValTypeRef element; std::optional<uint32_t> length; };
struct MapDef { ValTypeRef key, value; };
struct TupleDef { std::vector<ValTypeRef> types; };
struct FlagsDef { std::vector<std::string> labels; };
struct EnumDef { std::vector<std::string> labels; };
struct OptionDef { ValTypeRef type; };
struct ResultDef { OptValType ok, error; };
struct OwnDef { uint32_t resource = 0; };
struct BorrowDef { uint32_t resource = 0; };
struct StreamDef { OptValType element; };
struct FutureDef { OptValType element; };

/// Spec: functype.
struct FuncTypeDef {
  bool async_ = false;
  std::vector<LabelledType> params;
  OptValType result;
};
/// Spec: resourcetype.
struct ResourceDef {
  skiff::ValType rep;
  std::optional<uint32_t> dtor;               // core func
};

struct TypeDecls;  // of component and instance types, below
struct ComponentTypeDef { std::shared_ptr<const TypeDecls> decls; };
struct InstanceTypeDef { std::shared_ptr<const TypeDecls> decls; };

/// Spec: type.
struct TypeDef {
  std::variant<PrimitiveDef, RecordDef, VariantDef, ListDef, MapDef, TupleDef, FlagsDef, EnumDef,
               OptionDef, ResultDef, OwnDef, BorrowDef, StreamDef, FutureDef, FuncTypeDef,
               ComponentTypeDef, InstanceTypeDef, ResourceDef>
      type;
};

/// Spec: externtype. `sort` is CoreModule, Func, Value, Type, Component or Instance.
struct ExternTypeRef {
  Sort sort = Sort::Func;
  /// Type index of the sort's type; Type: of (eq i), Value: of (eq i), a value index.
  uint32_t index = 0;
  bool sub_resource = false;                  // Type: (sub resource)
  bool eq_value = false;                      // Value: (eq i), else value_type
  ValTypeRef value_type;                      // Value
};

/// Spec: import, importdecl, exportdecl.
struct ImportDef {
  ExternName name;
  ExternTypeRef type;
};
struct ExportDecl {
  ExternName name;
  ExternTypeRef type;
};
/// Spec: componentdecl, instancedecl. Imports occur only in component types.
struct TypeDecl {
  std::variant<CoreTypeDef, TypeDef, AliasDef, ImportDef, ExportDecl> decl;
  uint64_t offset = 0;
};
struct TypeDecls {
  std::vector<TypeDecl> decls;
};

// ---- component definitions

/// Spec: instantiatearg, inlineexport.
struct InstantiateArg {
  std::string name;
  SortIdx value;
  uint64_t offset = 0;
};
struct InlineExport {
  ExternName name;
  SortIdx value;
  uint64_t offset = 0;
};
/// Spec: instance.
struct InstanceDef {
  std::optional<uint32_t> component;          // instantiate; else inline exports
  std::vector<InstantiateArg> args;
  std::vector<InlineExport> exports;
};

/// The canonical definitions (canon.def).
enum class CanonKind : uint8_t {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) ID = CODE,
#include "component/types/canon.def"
};
enum class StringEncoding : uint8_t { Utf8 = 0, Utf16 = 1, Latin1Utf16 = 2 };
/// Spec: canonopt*, in the order written (duplicates are the validator's business).
struct CanonOpt {
  enum class Kind : uint8_t {
    Utf8 = 0, Utf16 = 1, Latin1Utf16 = 2, Memory = 3, Realloc = 4, PostReturn = 5, Async = 6,
    Callback = 7
  };
  Kind kind = Kind::Utf8;
  uint32_t index = 0;                         // Memory, Realloc, PostReturn, Callback
};
/// Spec: canon. Only the fields named by the row's immediates are used.
struct CanonDef {
  CanonKind kind = CanonKind::Lift;
  uint32_t core_func = 0;                     // F
  uint32_t func = 0;                          // f
  uint32_t type = 0;                          // t
  uint32_t core_type = 0;                     // T
  uint32_t core_table = 0;                    // b
  uint32_t memory = 0;                        // m
  uint32_t number = 0;                        // i
  skiff::ValType value_type;                  // v
  bool async_ = false;                        // a
  bool cancellable = false;                   // c
  bool shared = false;                        // s
  OptValType result;                          // r
  std::vector<CanonOpt> options;              // o
};

/// Spec: start.
struct StartDef {
  uint32_t func = 0;
  std::vector<uint32_t> args;
  uint32_t results = 0;
};
/// Spec: value. `bytes`: the encoded value.
struct ValueDef {
  ValTypeRef type;
  std::vector<uint8_t> bytes;
};
/// Spec: export. The optional type is an ascription.
struct ExportDef {
  ExternName name;
  SortIdx value;
  std::optional<ExternTypeRef> type;
};

struct Component;
struct ComponentDef { std::shared_ptr<const Component> component; };

/// One definition; `offset`: in the binary, or in the source text.
struct Definition {
  std::variant<CoreModuleDef, CoreInstanceDef, CoreTypeDef, ComponentDef, InstanceDef, AliasDef, TypeDef,
               CanonDef, StartDef, ImportDef, ExportDef, ValueDef>
      def;
  uint64_t offset = 0;
};

/// A custom section; `after`: number of definitions before it.
struct ComponentCustom {
  std::string name;
  SharedBytes bytes;
  size_t after = 0;
  uint64_t offset = 0;
};

/// The name section (Spec: Name Section), sparse.
struct ComponentNames {
  std::string component;
  std::vector<std::pair<uint32_t, std::string>> of_sort[kSortCount];  // sorted by index
};

struct Component {
  std::vector<Definition> definitions;
  std::vector<ComponentCustom> customs;
  ComponentNames names;
  uint64_t offset = 0;        // of the preamble, in the outermost binary
  uint64_t size = 0;          // bytes of the binary, 0 for text
};

}  // namespace skiff::component
