// Validator: the rules of Spec: Explainer.md, Binary.md and CanonicalABI.md, for one component tree. Its parts:
//   validate.cc         entry, one definition after the other, what a finished component is
//   rules_types.cc      value, function and resource types, types of imports and exports
//   rules_scopes.cc     component and instance types
//   rules_core.cc       core modules, core types, module types, core instances
//   rules_instances.cc  instantiation, instances from exports, aliases
//   rules_names.cc      imports and exports: names, attributes, external visibility
//   rules_canon.cc      canonical definitions; rules_options.cc their options
//   rules_values.cc     values and start
// Recursion follows nesting, which is limited; all other work is charged to one Budget.
#pragma once

#include <map>
#include <span>
#include <string>

#include "component/types/flatten.h"
#include "component/types/limits.h"
#include "component/valid/budget.h"
#include "component/valid/core_match.h"
#include "component/valid/matcher.h"
#include "component/valid/scope.h"
#include "component/valid/substitute.h"

namespace skiff::component {

/// A value type with its node.
struct TypedValue {
  ValType type;
  NodeId node = kNoNode;
};
/// What an import, export or argument is.
struct TypedItem {
  ExternType type;
  NodeId node = kNoNode;
};
/// An instance type with its resources replaced by new ones.
struct Opened {
  TypeId type = kNoType;
  NodeId node = kNoNode;
  std::vector<ResourceId> fresh;
};
/// Spec: canonopt*, checked.
struct CanonOptions {
  std::optional<CanonOpt::Kind> encoding;
  std::optional<uint32_t> memory, realloc, post_return, callback;
  bool async_ = false;
  AddressType address = AddressType::I32;
};

class Validator {
 public:
  Validator(TypeRegistry& registry, CoreModuleSource& modules, const ComponentValidateOptions& options)
      : registry_(registry), modules_(modules), features_(options.features),
        table_(std::make_shared<TypeTable>()) {}

  /// The whole tree.
  Result<std::unique_ptr<ComponentInfo>> run(std::shared_ptr<const Component> component);

 private:
  // ---- validate.cc
  Status component(const std::shared_ptr<const Component>& syntax, Scope& scope);
  Status definition(const Definition& def, Scope& s);
  Status finish(Scope& s);
  Status nested(const ComponentDef& def, Scope& s);
  TypeId sealed_instance(TypeId type, std::unordered_set<ResourceId>& bindable);
  ExternType sealed(const ExternType& type, std::unordered_set<ResourceId>& bindable);
  void collect_resources(const ExternType& type, std::unordered_set<TypeId>& seen,
                         std::unordered_set<ResourceId>& bound, std::vector<ResourceId>& out);
  void collect_resources(TypeId type, std::unordered_set<TypeId>& seen,
                         std::unordered_set<ResourceId>& bound, std::vector<ResourceId>& out);
  std::vector<ResourceId> free_resources(const std::vector<NamedExtern>& externs);
  bool mentions_free_resource(const AnyType& type);
  NodeId component_node(const Scope& s);
  Status enter(Scope& scope, Scope::Kind kind, Scope* parent);

  // ---- rules_types.cc
  Status type_def(const TypeDef& def, Scope& s);
  Result<TypedValue> value_type(const ValTypeRef& ref, Scope& s);
  Result<ResourceId> resource_type(uint32_t index, Scope& s, NodeId* node);
  Result<TypedValue> defined(const PrimitiveDef& d, Scope& s);
  Result<TypedValue> defined(const RecordDef& d, Scope& s);
  Result<TypedValue> defined(const VariantDef& d, Scope& s);
  Result<TypedValue> defined(const ListDef& d, Scope& s);
  Result<TypedValue> defined(const MapDef& d, Scope& s);
  Result<TypedValue> defined(const TupleDef& d, Scope& s);
  Result<TypedValue> defined(const FlagsDef& d, Scope& s);
  Result<TypedValue> defined(const EnumDef& d, Scope& s);
  Result<TypedValue> defined(const OptionDef& d, Scope& s);
  Result<TypedValue> defined(const ResultDef& d, Scope& s);
  Result<TypedValue> defined(const OwnDef& d, Scope& s);
  Result<TypedValue> defined(const BorrowDef& d, Scope& s);
  Result<TypedValue> defined(const StreamDef& d, Scope& s);
  Result<TypedValue> defined(const FutureDef& d, Scope& s);
  Status func_def(const FuncTypeDef& d, Scope& s);
  Status resource_def(const ResourceDef& d, Scope& s);
  /// Labels of a type: kebab case, strongly unique. `what`, `plain`: as in "record field", "field".
  template <class Range, class Get>
  Status labels(const Range& range, Get&& get, std::string_view what, std::string_view plain);
  /// Adds a value type and checks its size.
  Result<TypedValue> made(TypeBody body, NodeId node);
  /// Any type: depth and size.
  Status check_size(TypeId type);
  void add_type(Scope& s, const AnyType& type, NodeId node);
  Result<TypedItem> extern_type(const ExternTypeRef& ref, Scope& s, std::vector<ResourceId>& fresh);
  Opened open_instance(TypeId type, NodeId node);

  // ---- rules_scopes.cc
  Status component_type_def(const ComponentTypeDef& d, Scope& s);
  Status instance_type_def(const InstanceTypeDef& d, Scope& s);
  Status declarators(const TypeDecls& decls, Scope& s);
  Status declarator(const TypeDecl& decl, Scope& s);

  // ---- rules_core.cc
  Status core_module(const CoreModuleDef& d, Scope& s);
  Status core_instance(const CoreInstanceDef& d, Scope& s);
  Status core_instantiate(const CoreInstanceDef& d, Scope& s, CoreInstanceInfo& info);
  Status core_inline(const CoreInstanceDef& d, Scope& s, CoreInstanceInfo& info);
  Status core_type(const CoreTypeDef& d, Scope& s);
  Result<ModuleTypes> core_rec_type(const CoreRecType& t, std::span<const uint32_t> known);
  Result<TypeId> module_type(const CoreModuleType& t, Scope& s);
  Result<CoreExtern> core_extern(const CoreExternType& t, std::span<const uint32_t> known);
  Result<skiff::ValType> core_value_type(skiff::ValType t, std::span<const uint32_t> known);
  Status core_alias(const AliasDef& d, Scope& s);
  Result<CoreExtern> core_item(const SortIdx& item, Scope& s);
  Status add_core_instance(CoreInstanceInfo info, Scope& s);
  /// Canonical id of a function type; it lives as long as the component tree.
  Result<uint32_t> core_func_type(const skiff::FuncType& type, Scope& s);
  /// Requires: in range.
  const skiff::FuncType* core_func(uint32_t index, const Scope& s) const;

  // ---- rules_instances.cc
  Status instance(const InstanceDef& d, Scope& s);
  Status instantiate(const InstanceDef& d, Scope& s);
  Status inline_exports(const InstanceDef& d, Scope& s);
  Status alias(const AliasDef& d, Scope& s);
  Status alias_export(const AliasDef& d, Scope& s);
  Status alias_outer(const AliasDef& d, Scope& s);
  /// The item that an index stands for; values are consumed.
  Result<TypedItem> item(const SortIdx& ref, Scope& s);
  void rename(const TypedItem& actual, const TypedItem& expected, Substitution& substitution);
  /// Adds to the index space of its sort.
  Status push(const TypedItem& item, Scope& s, bool value_used);

  // ---- rules_names.cc
  Status import_def(const ImportDef& d, Scope& s);
  Status export_def(const ExportDef& d, Scope& s);
  Status export_decl(const ExportDecl& d, Scope& s);
  Status declare(const ExternName& name, const TypedItem& item, Direction dir, Scope& s);
  Status check_name(const ExternName& name, const ExternType& type, Direction dir, NamedTypes& named);
  Status check_annotation(const ParsedName& name, const ExternType& type, const NamedTypes& named);
  Status check_attributes(const ExternName& name, const ParsedName& parsed, const ExternType& type);
  bool visible(NodeId node, Direction dir, Scope& s);
  bool parts_visible(NodeId node, Direction dir, Scope& s);
  bool type_visible(const AnyType& type, NodeId node, Direction dir, Scope& s);
  bool publish(const ExternType& type, NodeId node, Direction dir, Scope& s);

  // ---- rules_canon.cc, rules_options.cc
  Status canon(const CanonDef& d, Scope& s);
  Status lift(const CanonDef& d, Scope& s);
  Status lower(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> builtin(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> resource_builtin(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> task_return(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> context_builtin(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> channel_builtin(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> error_context_builtin(const CanonDef& d, Scope& s);
  Result<skiff::FuncType> thread_builtin(const CanonDef& d, Scope& s);
  Result<CanonOptions> options(const std::vector<CanonOpt>& list, Scope& s);
  Status check_realloc(const CanonOptions& o, Scope& s);
  Status only_options(const std::vector<CanonOpt>& list, std::initializer_list<CanonOpt::Kind> allowed,
                      std::string_view where);
  Result<AddressType> abi_memory(uint32_t index, Scope& s);
  Result<FuncType> lifted_type(uint32_t index, Scope& s, TypeId* id);

  // ---- rules_values.cc
  Status value_def(const ValueDef& d, Scope& s);
  Status start_def(const StartDef& d, Scope& s);

  // ---- errors
  std::unexpected<Error> bad(std::string detail) const {
    return fail(ErrorCode::InvalidComponent, offset_, kNoIndex, std::move(detail));
  }
  std::unexpected<Error> limit(std::string detail) const {
    return fail(ErrorCode::ImplementationLimit, offset_, kNoIndex, std::move(detail));
  }
  std::unexpected<Error> out_of_bounds(std::string_view what, uint32_t index) const {
    return bad("unknown " + std::string(what) + " " + std::to_string(index) + ": " + std::string(what) +
               " index out of bounds");
  }
  /// Errors when a feature is off.
  Status need(Feature feature, std::string_view what) const {
    if (features_.has(feature)) return {};
    return bad(std::string(what) + " requires the feature " + std::string(name_of(feature)));
  }
  Status spend(uint64_t steps) {
    if (budget_.spend(steps)) return {};
    return limit("the types of the component are too large");
  }
  Matcher matcher() { return Matcher(*table_, *table_, registry_, budget_); }
  /// Gives an error of matching this definition's place.
  Status placed(Status status, const std::string& where) const {
    if (status) return status;
    Error e = std::move(status).error();
    e.offset = offset_;
    if (!where.empty()) e.detail = where + ": " + e.detail;
    return std::unexpected(std::move(e));
  }

  TypeRegistry& registry_;
  CoreModuleSource& modules_;
  Features features_;
  TypeTablePtr table_;
  Nodes nodes_;
  Budget budget_;
  uint64_t offset_ = kNoOffset;   // of the definition at hand
  std::map<std::vector<uint32_t>, uint32_t> func_types_;  // canonical ids by signature
  std::vector<ModuleTypes> held_types_;
};

}  // namespace skiff::component
