// Value, function and resource types (Spec: Explainer.md, Type Definitions; Binary.md, its notes), and what
// an import or export is by its declared type.
#include <algorithm>

#include "component/valid/validator.h"

namespace skiff::component {
namespace {

constexpr uint64_t kMaxValueSize = uint64_t{1} << 28;  // Spec: elem_size(t, 'i64') must be less
constexpr uint64_t kMaxTypeNodes = 1'000'000;
constexpr uint32_t kMaxFlags = 32;

// Spec: keytype.
bool is_key(ValType t) {
  if (!t.is_primitive()) return false;
  switch (t.primitive()) {
    case Primitive::Bool:
    case Primitive::S8:
    case Primitive::U8:
    case Primitive::S16:
    case Primitive::U16:
    case Primitive::S32:
    case Primitive::U32:
    case Primitive::S64:
    case Primitive::U64:
    case Primitive::Char:
    case Primitive::String: return true;
    case Primitive::F32:
    case Primitive::F64:
    case Primitive::ErrorContext: return false;
  }
  return false;
}

}  // namespace

Status Validator::type_def(const TypeDef& def, Scope& s) {
  if (s.info->type_space.size() >= limits::kDefinitions) return limit("too many types");
  return std::visit(
      [&](const auto& d) -> Status {
        using T = std::decay_t<decltype(d)>;
        if constexpr (std::is_same_v<T, FuncTypeDef>) return func_def(d, s);
        else if constexpr (std::is_same_v<T, ComponentTypeDef>) return component_type_def(d, s);
        else if constexpr (std::is_same_v<T, InstanceTypeDef>) return instance_type_def(d, s);
        else if constexpr (std::is_same_v<T, ResourceDef>) return resource_def(d, s);
        else {
          const TypedValue t = SKIFF_TRY(defined(d, s));
          add_type(s, {AnyType::Kind::Value, t.type, 0}, t.node);
          return {};
        }
      },
      def.type);
}

void Validator::add_type(Scope& s, const AnyType& type, NodeId node) {
  s.info->type_space.push_back(type);
  s.type_nodes.push_back(node);
}

Status Validator::check_size(TypeId type) {
  const TypeFacts& f = table_->facts(type);
  if (f.depth > limits::kTypeNesting) return limit("types are nested too deeply");
  if (f.nodes > kMaxTypeNodes) return limit("effective type size exceeds the limit of 1000000");
  return {};
}

Result<TypedValue> Validator::made(TypeBody body, NodeId node) {
  const TypeId id = table_->add(std::move(body));
  SKIFF_TRY(check_size(id));
  if (table_->facts(id).size[1] >= kMaxValueSize)
    return bad("type exceeds maximum byte size of 2^28 - 1 bytes");
  return TypedValue{ValType::of(id), node};
}

Result<TypedValue> Validator::value_type(const ValTypeRef& ref, Scope& s) {
  if (const Primitive* p = std::get_if<Primitive>(&ref.type)) {
    if (*p == Primitive::ErrorContext) SKIFF_TRY(need(Feature::CmErrorContext, "the type error-context"));
    return TypedValue{*p, kNoNode};
  }
  const uint32_t index = std::get<uint32_t>(ref.type);
  if (index >= s.info->type_space.size()) return out_of_bounds("type", index);
  const AnyType& t = s.info->type_space[index];
  if (t.kind != AnyType::Kind::Value)
    return bad("type index " + std::to_string(index) + " is not a defined type");
  return TypedValue{t.value, s.type_nodes[index]};
}

Result<ResourceId> Validator::resource_type(uint32_t index, Scope& s, NodeId* node) {
  if (index >= s.info->type_space.size()) return out_of_bounds("type", index);
  const AnyType& t = s.info->type_space[index];
  if (t.kind != AnyType::Kind::Resource)
    return bad("type index " + std::to_string(index) + " is not a resource type");
  if (node) *node = s.type_nodes[index];
  return t.id;
}

template <class Range, class Get>
Status Validator::labels(const Range& range, Get&& get, std::string_view what, std::string_view plain) {
  StrongNames names;
  for (const auto& element : range) {
    const std::string& label = get(element);
    if (label.empty()) return bad(std::string(what) + " name cannot be empty");
    if (label.size() > limits::kStringSize) return limit("a name is too long");
    if (!is_label(label)) return bad(std::string(what) + " name `" + label + "` is not in kebab case");
    if (const std::string_view* before = names.add(label)) {
      return bad(std::string(what) + " name `" + label + "` conflicts with previous " + std::string(plain) +
                 " name `" + std::string(*before) + "`");
    }
  }
  return {};
}

// --------------------------------------------------------------------------------------- value types

Result<TypedValue> Validator::defined(const PrimitiveDef& d, Scope& s) {
  return value_type(ValTypeRef{d.type}, s);
}

Result<TypedValue> Validator::defined(const RecordDef& d, Scope& s) {
  if (d.fields.empty()) return bad("record type must have at least one field");
  if (d.fields.size() > limits::kFields) return limit("too many fields");
  SKIFF_TRY(labels(d.fields, [](const LabelledType& f) -> const std::string& { return f.label; },
                   "record field", "field"));
  RecordType type;
  std::vector<NodeId> parts;
  for (const LabelledType& f : d.fields) {
    const TypedValue t = SKIFF_TRY(value_type(f.type, s));
    type.fields.push_back({f.label, t.type});
    parts.push_back(t.node);
  }
  return made(std::move(type), nodes_.nominal(parts));
}

Result<TypedValue> Validator::defined(const VariantDef& d, Scope& s) {
  if (d.cases.empty()) return bad("variant type must have at least one case");
  if (d.cases.size() > limits::kFields) return limit("too many cases");
  SKIFF_TRY(
      labels(d.cases, [](const Case& c) -> const std::string& { return c.label; }, "variant case", "case"));
  VariantType type;
  std::vector<NodeId> parts;
  for (const Case& c : d.cases) {
    VariantCase made_case{c.label, std::nullopt};
    if (c.type) {
      const TypedValue t = SKIFF_TRY(value_type(*c.type, s));
      made_case.type = t.type;
      parts.push_back(t.node);
    }
    type.cases.push_back(std::move(made_case));
  }
  return made(std::move(type), nodes_.nominal(parts));
}

Result<TypedValue> Validator::defined(const ListDef& d, Scope& s) {
  if (d.length) {
    SKIFF_TRY(need(Feature::CmFixedLists, "a list of fixed length"));
    if (*d.length == 0) return bad("a list of fixed length must have more than zero elements");
  }
  const TypedValue t = SKIFF_TRY(value_type(d.element, s));
  return made(ListType{t.type, d.length}, nodes_.plain({&t.node, 1}));
}

Result<TypedValue> Validator::defined(const MapDef& d, Scope& s) {
  SKIFF_TRY(need(Feature::CmMap, "the type map"));
  const TypedValue key = SKIFF_TRY(value_type(d.key, s));
  const TypedValue value = SKIFF_TRY(value_type(d.value, s));
  if (!is_key(key.type)) return bad("map key type must be bool, an integer, char or string");
  return made(MapType{key.type, value.type}, nodes_.plain({&value.node, 1}));
}

Result<TypedValue> Validator::defined(const TupleDef& d, Scope& s) {
  if (d.types.empty()) return bad("tuple type must have at least one type");
  if (d.types.size() > limits::kFields) return limit("too many types in a tuple");
  TupleType type;
  std::vector<NodeId> parts;
  for (const ValTypeRef& ref : d.types) {
    const TypedValue t = SKIFF_TRY(value_type(ref, s));
    type.types.push_back(t.type);
    parts.push_back(t.node);
  }
  return made(std::move(type), nodes_.plain(parts));
}

Result<TypedValue> Validator::defined(const FlagsDef& d, Scope&) {
  if (d.labels.empty()) return bad("flags must have at least one entry");
  if (d.labels.size() > kMaxFlags) return bad("cannot have more than 32 flags");
  SKIFF_TRY(labels(d.labels, [](const std::string& l) -> const std::string& { return l; }, "flag", "flag"));
  return made(FlagsType{d.labels}, nodes_.nominal({}));
}

Result<TypedValue> Validator::defined(const EnumDef& d, Scope&) {
  if (d.labels.empty()) return bad("enum type must have at least one variant");
  if (d.labels.size() > limits::kFields) return limit("too many cases");
  SKIFF_TRY(
      labels(d.labels, [](const std::string& l) -> const std::string& { return l; }, "enum tag", "tag"));
  return made(EnumType{d.labels}, nodes_.nominal({}));
}

Result<TypedValue> Validator::defined(const OptionDef& d, Scope& s) {
  const TypedValue t = SKIFF_TRY(value_type(d.type, s));
  return made(OptionType{t.type}, nodes_.plain({&t.node, 1}));
}

Result<TypedValue> Validator::defined(const ResultDef& d, Scope& s) {
  ResultType type;
  std::vector<NodeId> parts;
  if (d.ok) {
    const TypedValue t = SKIFF_TRY(value_type(*d.ok, s));
    type.ok = t.type;
    parts.push_back(t.node);
  }
  if (d.error) {
    const TypedValue t = SKIFF_TRY(value_type(*d.error, s));
    type.error = t.type;
    parts.push_back(t.node);
  }
  return made(type, nodes_.plain(parts));
}

Result<TypedValue> Validator::defined(const OwnDef& d, Scope& s) {
  NodeId node = kNoNode;
  const ResourceId r = SKIFF_TRY(resource_type(d.resource, s, &node));
  return made(OwnType{r}, nodes_.plain({&node, 1}));
}

Result<TypedValue> Validator::defined(const BorrowDef& d, Scope& s) {
  NodeId node = kNoNode;
  const ResourceId r = SKIFF_TRY(resource_type(d.resource, s, &node));
  return made(BorrowType{r}, nodes_.plain({&node, 1}));
}

Result<TypedValue> Validator::defined(const StreamDef& d, Scope& s) {
  SKIFF_TRY(need(Feature::CmAsync, "the type stream"));
  if (!d.element) return made(StreamType{}, kNoNode);
  const TypedValue t = SKIFF_TRY(value_type(*d.element, s));
  if (t.type == ValType(Primitive::Char)) return bad("`stream<char>` is not valid at this time");
  if (table_->facts(t.type).has_borrow) return bad("stream element cannot contain a `borrow` type");
  return made(StreamType{t.type}, nodes_.plain({&t.node, 1}));
}

Result<TypedValue> Validator::defined(const FutureDef& d, Scope& s) {
  SKIFF_TRY(need(Feature::CmAsync, "the type future"));
  if (!d.element) return made(FutureType{}, kNoNode);
  const TypedValue t = SKIFF_TRY(value_type(*d.element, s));
  if (table_->facts(t.type).has_borrow) return bad("future element cannot contain a `borrow` type");
  return made(FutureType{t.type}, nodes_.plain({&t.node, 1}));
}

// ------------------------------------------------------------------------ functions and resources

Status Validator::func_def(const FuncTypeDef& d, Scope& s) {
  if (d.async_) SKIFF_TRY(need(Feature::CmAsync, "an async function type"));
  if (d.params.size() > limits::kParams) return limit("too many parameters");
  SKIFF_TRY(labels(d.params, [](const LabelledType& p) -> const std::string& { return p.label; },
                   "function parameter", "parameter"));
  FuncType type;
  type.async_ = d.async_;
  std::vector<NodeId> parts;
  for (const LabelledType& p : d.params) {
    const TypedValue t = SKIFF_TRY(value_type(p.type, s));
    type.params.push_back({p.label, t.type});
    parts.push_back(t.node);
  }
  if (d.result) {
    const TypedValue t = SKIFF_TRY(value_type(*d.result, s));
    if (table_->facts(t.type).has_borrow) return bad("function result cannot contain a `borrow` type");
    type.result = t.type;
    parts.push_back(t.node);
  }
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  add_type(s, {AnyType::Kind::Func, {}, id}, nodes_.plain(parts));
  return {};
}

Status Validator::resource_def(const ResourceDef& d, Scope& s) {
  if (s.kind != Scope::Kind::Component)
    return bad("resources can only be defined within a concrete component");
  if (d.rep == skiff::ValType::I64)
    SKIFF_TRY(need(Feature::CmMemory64, "a resource represented by i64"));
  else if (d.rep != skiff::ValType::I32)
    return bad("resources can only be represented by `i32`");
  if (d.dtor) {
    const skiff::FuncType* dtor = core_func(*d.dtor, s);
    if (!dtor) return out_of_bounds("function", *d.dtor);
    if (dtor->params != std::vector{d.rep} || !dtor->results.empty())
      return bad("core function " + std::to_string(*d.dtor) + " has wrong signature for a destructor");
  }
  const ResourceId id = table_->new_resource();
  s.local.emplace(id, d.rep);
  s.info->defined_resources.push_back(id);
  add_type(s, {AnyType::Kind::Resource, {}, id}, nodes_.resource(id));
  return {};
}

// ----------------------------------------------------------------------------- imports and exports

Opened Validator::open_instance(TypeId type, NodeId node) {
  const auto& instance = table_->get<InstanceType>(type);
  if (instance.fresh.empty()) return {type, node, {}};
  Opened result;
  Substitution substitution(*table_, nodes_, budget_);
  for (ResourceId r : instance.fresh) {
    result.fresh.push_back(table_->new_resource());
    substitution.map(r, result.fresh.back());
  }
  InstanceType opened;
  opened.exports = substitution(instance.exports);
  result.type = table_->add(std::move(opened));
  result.node = budget_.exhausted() ? node : substitution.node(node);
  return result;
}

Result<TypedItem> Validator::extern_type(const ExternTypeRef& ref, Scope& s, std::vector<ResourceId>& fresh) {
  TypedItem item;
  item.type.sort = ref.sort;
  auto type_at = [&](uint32_t index, AnyType::Kind kind, std::string_view what) -> Result<TypeId> {
    if (index >= s.info->type_space.size()) return out_of_bounds("type", index);
    const AnyType& t = s.info->type_space[index];
    if (t.kind != kind) return bad("type index " + std::to_string(index) + " is not " + std::string(what) + " type");
    return t.id;
  };
  switch (ref.sort) {
    case Sort::CoreModule: {
      if (ref.index >= s.info->core_types.size()) return out_of_bounds("core type", ref.index);
      const CoreTypeInfo& t = s.info->core_types[ref.index];
      if (!t.module_type) return bad("core type index " + std::to_string(ref.index) + " is not a module type");
      item.type.id = *t.module_type;
      return item;
    }
    case Sort::Func:
      item.type.id = SKIFF_TRY(type_at(ref.index, AnyType::Kind::Func, "a function"));
      item.node = s.type_nodes[ref.index];
      return item;
    case Sort::Component:
      item.type.id = SKIFF_TRY(type_at(ref.index, AnyType::Kind::Component, "a component"));
      item.node = s.type_nodes[ref.index];
      return item;
    case Sort::Instance: {
      const TypeId id = SKIFF_TRY(type_at(ref.index, AnyType::Kind::Instance, "an instance"));
      Opened opened = open_instance(id, s.type_nodes[ref.index]);
      SKIFF_TRY(spend(1));
      item.type.id = opened.type;
      item.node = opened.node;
      fresh = std::move(opened.fresh);
      return item;
    }
    case Sort::Value: {
      SKIFF_TRY(need(Feature::CmValues, "a value import or export"));
      if (ref.eq_value) {
        if (ref.index >= s.info->values.size()) return out_of_bounds("value", ref.index);
        item.type.value = s.info->values[ref.index];
        item.node = s.value_nodes[ref.index];
      } else {
        const TypedValue t = SKIFF_TRY(value_type(ref.value_type, s));
        item.type.value = t.type;
        item.node = t.node;
      }
      return item;
    }
    case Sort::Type: {
      if (ref.sub_resource) {
        const ResourceId id = table_->new_resource();
        fresh.push_back(id);
        item.type.type = {AnyType::Kind::Resource, {}, id};
        item.type.fresh_resource = true;
        item.node = nodes_.resource(id);
        return item;
      }
      if (ref.index >= s.info->type_space.size()) return out_of_bounds("type", ref.index);
      item.type.type = s.info->type_space[ref.index];
      item.node = nodes_.copy(s.type_nodes[ref.index]);
      return item;
    }
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreType:
    case Sort::CoreInstance: break;
  }
  return bad("a " + std::string(text_of(ref.sort)) + " cannot be imported or exported");
}

}  // namespace skiff::component
