// Matching items with the types of imports. Items are looked at as they are at run time: resources are compared
// by what they stand for, so types of any number of tables meet here.
#include <set>

#include "component/exec/instantiate.h"
#include "component/valid/core_match.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

std::string_view name_of(Sort sort) { return text_of(sort); }

CoreExtern extern_of(const ModuleInfo& info, ExternKind kind, uint32_t index) {
  CoreExtern type;
  type.kind = kind;
  switch (kind) {
    case ExternKind::Func: type.type_id = info.func_types[index]; break;
    case ExternKind::Table: type.table = info.tables[index]; break;
    case ExternKind::Memory: type.memory = info.module.memories[index].type; break;
    case ExternKind::Global: type.global = info.globals[index]; break;
    case ExternKind::Tag: type.type_id = info.tag_types[index]; break;
  }
  return type;
}

class ItemMatcher {
 public:
  ItemMatcher(const TypeRegistry& registry, const TypeTable& types, ResourceBindings& bindings)
      : registry_(registry), types_(types), bindings_(bindings) {}

  Status match(const Item& item, const ExternType& type) {
    if (item.sort != type.sort)
      return wrong(std::string("expected ").append(name_of(type.sort)).append(", found ").append(name_of(item.sort)));
    switch (type.sort) {
      case Sort::Func: return func(*item.func, types_.get<FuncType>(type.id));
      case Sort::CoreModule: return module(*item.module, types_.get<ModuleType>(type.id));
      case Sort::Type: return type_item(item, type);
      case Sort::Instance: return instance(*item.instance, types_.get<InstanceType>(type.id));
      case Sort::Component: {
        ResourceMap resources;
        const ComponentInfo& info = item.component->info();
        ExternType found;
        found.sort = Sort::Component;
        found.id = info.type;
        return matches(*info.types, found, types_, type, resources, registry_);
      }
      case Sort::Value: {
        std::string where;
        if (conforms(types_, type.value, item.value, where)) return {};
        return wrong(std::move(where));
      }
      default: break;
    }
    return wrong("not a sort that components import");
  }

 private:
  static std::unexpected<Error> wrong(std::string detail) {
    return fail(ErrorCode::IncompatibleImportType, kNoOffset, kNoIndex, std::move(detail));
  }

  Status instance(const InstanceItem& item, const InstanceType& type) {
    for (const NamedExtern& exported : type.exports) {
      const Item* found = item.find(exported.name.name);
      if (!found) return wrong("missing export `" + exported.name.name + "`");
      if (Status status = match(*found, exported.type); !status) {
        status.error().detail = "export `" + exported.name.name + "`: " + status.error().detail;
        return status;
      }
    }
    return {};
  }

  Status type_item(const Item& item, const ExternType& type) {
    if (type.type.kind == AnyType::Kind::Resource) {
      if (!item.resource) return wrong("expected resource, found another type");
      const auto [bound, fresh] = bindings_.try_emplace(type.type.id, item.resource.get());
      if (!fresh && bound->second != item.resource.get()) return wrong("resource types are not the same");
      return {};
    }
    if (item.resource) return wrong("expected a type that is not a resource");
    // What type it is matters to whoever mentions it, and they are compared themselves.
    return {};
  }

  Status module(const CompiledModule& item, const ModuleType& type) {
    ModuleType found;
    const Module& module = item.module();
    for (const Import& import : module.imports)
      found.imports.push_back(
          {std::string(import.module), std::string(import.name), extern_of(item.info(), import.kind, import.index)});
    for (const Export& exported : module.exports)
      found.exports.push_back({std::string(exported.name), extern_of(item.info(), exported.kind, exported.index)});
    Status status = core_matches(registry_, found, type);
    if (!status) return wrong(status.error().detail);
    return {};
  }

  Status func(const Func& item, const FuncType& type) {
    const FuncType& found = item.type();
    auto differs = [&] {
      return wrong("expected " + to_string(types_, type) + ", found " + to_string(*item.types(), found));
    };
    if (found.async_ != type.async_ || found.params.size() != type.params.size()) return differs();
    for (size_t i = 0; i < type.params.size(); ++i)
      if (found.params[i].label != type.params[i].label || !same(item, found.params[i].type, type.params[i].type))
        return differs();
    return same(item, found.result, type.result) ? Status() : differs();
  }

  // Structural equality of a type of the function's table and one of ours.
  bool same(const Func& item, OptType a, OptType b) {
    if (!a || !b) return !a && !b;
    if (a->is_primitive() || b->is_primitive()) return a == b;
    if (!seen_.insert({&item, a->id(), b->id()}).second) return true;
    const TypeBody& x = item.types()->body(a->id());
    const TypeBody& y = types_.body(b->id());
    if (x.index() != y.index()) return false;
    return std::visit([&](const auto& body) { return same_body(item, body, std::get<std::decay_t<decltype(body)>>(y)); },
                      x);
  }
  bool same_resource(const Func& item, ResourceId a, ResourceId b) const {
    const auto found = bindings_.find(b);
    return found != bindings_.end() && item.resource(a) == found->second;
  }

  bool same_body(const Func& item, const RecordType& a, const RecordType& b) {
    if (a.fields.size() != b.fields.size()) return false;
    for (size_t i = 0; i < a.fields.size(); ++i)
      if (a.fields[i].label != b.fields[i].label || !same(item, a.fields[i].type, b.fields[i].type)) return false;
    return true;
  }
  bool same_body(const Func& item, const VariantType& a, const VariantType& b) {
    if (a.cases.size() != b.cases.size()) return false;
    for (size_t i = 0; i < a.cases.size(); ++i)
      if (a.cases[i].label != b.cases[i].label || !same(item, a.cases[i].type, b.cases[i].type)) return false;
    return true;
  }
  bool same_body(const Func& item, const TupleType& a, const TupleType& b) {
    if (a.types.size() != b.types.size()) return false;
    for (size_t i = 0; i < a.types.size(); ++i)
      if (!same(item, a.types[i], b.types[i])) return false;
    return true;
  }
  bool same_body(const Func& item, const ListType& a, const ListType& b) {
    return a.length == b.length && same(item, a.element, b.element);
  }
  bool same_body(const Func& item, const MapType& a, const MapType& b) {
    return same(item, a.key, b.key) && same(item, a.value, b.value);
  }
  bool same_body(const Func&, const FlagsType& a, const FlagsType& b) { return a == b; }
  bool same_body(const Func&, const EnumType& a, const EnumType& b) { return a == b; }
  bool same_body(const Func& item, const OptionType& a, const OptionType& b) { return same(item, a.type, b.type); }
  bool same_body(const Func& item, const ResultType& a, const ResultType& b) {
    return same(item, a.ok, b.ok) && same(item, a.error, b.error);
  }
  bool same_body(const Func& item, const OwnType& a, const OwnType& b) {
    return same_resource(item, a.resource, b.resource);
  }
  bool same_body(const Func& item, const BorrowType& a, const BorrowType& b) {
    return same_resource(item, a.resource, b.resource);
  }
  bool same_body(const Func& item, const StreamType& a, const StreamType& b) {
    return same(item, a.element, b.element);
  }
  bool same_body(const Func& item, const FutureType& a, const FutureType& b) {
    return same(item, a.element, b.element);
  }
  template <class T>
  bool same_body(const Func&, const T&, const T&) {
    return false;  // no value types
  }

  const TypeRegistry& registry_;
  const TypeTable& types_;
  ResourceBindings& bindings_;
  std::set<std::tuple<const Func*, TypeId, TypeId>> seen_;
};

}  // namespace

Status match_item(const TypeRegistry& registry, const Item& item, const TypeTable& types, const ExternType& type,
                  ResourceBindings& bindings) {
  return ItemMatcher(registry, types, bindings).match(item, type);
}

}  // namespace skiff::component
