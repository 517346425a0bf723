// ComponentPrinter: prints one component, internal to this folder. Everything is written out, without
// sugar; names become identifiers where all names of the component can, else the name section is kept as
// an annotation. Comments "(;n;)" give the index of each definition.
//
// print_component.cc has the definitions, print_types.cc the types.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>

#include "component/types/component.h"

namespace skiff::component::wat {

class ComponentPrinter {
 public:
  ComponentPrinter(std::string& out, size_t depth) : out_(out), depth_(depth) {}
  /// Appends `(component ...)`, with `id` and the index `nested` when it is inside of another one.
  void component(const Component& component, std::string_view id, std::optional<uint32_t> nested);

 private:
  /// Index spaces while they are printed: one per scope.
  struct Space {
    uint32_t count[kSortCount] = {};
    /// Identifiers by sort, then by index; null in types.
    std::unordered_map<uint32_t, std::string_view>* ids = nullptr;
  };

  void line();
  void binder(Sort sort);
  void reference(Sort sort, uint32_t index);
  void sort_index(const SortIdx& value, bool in_core);
  void string(std::string_view bytes);
  void extern_name(const ExternName& name);
  void count(Sort sort) { ++space_.count[static_cast<size_t>(sort)]; }

  // print_component.cc
  void define(const CoreModuleDef& def);
  void define(const CoreInstanceDef& def);
  void define(const CoreTypeDef& def);
  void define(const ComponentDef& def);
  void define(const InstanceDef& def);
  void define(const AliasDef& def);
  void define(const TypeDef& def);
  void define(const CanonDef& def);
  void define(const StartDef& def);
  void define(const ImportDef& def);
  void define(const ExportDef& def);
  void define(const ValueDef& def);
  void module_text(const CoreModuleDef& def);
  void immediate(char letter, const CanonDef& def);
  void options(const CanonDef& def);
  void custom(const ComponentCustom& custom);

  // print_types.cc
  void val_type(const ValTypeRef& type);
  void optional_val_type(const OptValType& type);
  void body(const PrimitiveDef& type);
  void body(const RecordDef& type);
  void body(const VariantDef& type);
  void body(const ListDef& type);
  void body(const MapDef& type);
  void body(const TupleDef& type);
  void body(const FlagsDef& type);
  void body(const EnumDef& type);
  void body(const OptionDef& type);
  void body(const ResultDef& type);
  void body(const OwnDef& type);
  void body(const BorrowDef& type);
  void body(const StreamDef& type);
  void body(const FutureDef& type);
  void body(const FuncTypeDef& type);
  void body(const ComponentTypeDef& type);
  void body(const InstanceTypeDef& type);
  void body(const ResourceDef& type);
  void type_decls(const char* keyword, const TypeDecls& decls);
  void extern_type(const ExternTypeRef& type, bool with_index);
  void core_sub_type(const SubType& type);
  void core_rec_type(const CoreRecType& group, bool in_module_type);
  void core_module_type(const CoreModuleType& type);
  void core_extern_type(const CoreExternType& type);
  void limits(const Limits& limits, AddressType address);

  std::string& out_;
  size_t depth_;
  Space space_;
};

}  // namespace skiff::component::wat
