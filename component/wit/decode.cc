// Walks the declarations of component and instance types in order, keeping the index spaces of each
// scope. A type that is exported or imported under a name becomes a named type; others are
// anonymous where they are used. Recursion: none over types (indices refer backwards), three levels
// over scopes.
#include "component/wit/decode.h"

#include <algorithm>

#include "component/binary/binary.h"
#include "component/types/names.h"

namespace skiff::component::wit {
namespace {

// Bounds of one anonymous type, for all who walk them with recursion.
constexpr uint32_t kMaxDepth = 100;
constexpr uint32_t kMaxNodes = 100'000;

// One type index of a scope.
struct TypeSlot {
  std::optional<Type> type;      // once it has a name or is used
  std::optional<TypeBody> body;  // value types
  const FuncTypeDef* func = nullptr;
  const TypeDecls* instance = nullptr;
  const TypeDecls* component = nullptr;
  uint32_t depth = 1;  // of the anonymous part
  uint32_t nodes = 1;
};

struct Scope {
  const Scope* parent = nullptr;
  std::vector<TypeSlot> types;
  std::vector<InterfaceId> instances;
  Owner owner;               // of the types that get names here
  OrderedMap<TypeId> names;  // types of a world
};

class Decoder {
 public:
  Status package_export(const TypeDecls& decls, bool only_world);
  Result<Resolved> finish();

 private:
  std::unexpected<Error> bad(uint64_t offset, std::string what) const {
    return fail(ErrorCode::InvalidWit, offset, kNoIndex, std::move(what));
  }
  Result<ParsedName> parse_name(const std::string& name, uint64_t offset) const {
    return parse_extern_name(name, Features::all(), offset);
  }
  Status check_label(const std::string& label, uint64_t offset) const {
    if (is_label(label)) return {};
    return bad(offset, "`" + label + "` is not a label");
  }

  // Types are shared in the binary, and written out in the model: what that makes is bounded.
  Status spend(size_t items) {
    items_ += items;
    if (items_ <= kMaxItems) return {};
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "too many items");
  }
  Result<PackageId> package(const PackageName& name);
  Result<PackageName> package_name(const std::string& name, uint64_t offset,
                                   std::string& item) const;
  Result<InterfaceId> named_interface(const std::string& name, uint64_t offset);
  static Status check_index(size_t index, size_t size) {
    if (index < size) return {};
    return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex,
                "index " + std::to_string(index) + " out of range");
  }

  // types
  Result<Type> use(Scope& scope, uint32_t index, TypeSlot& by);
  Result<Type> use(Scope& scope, const ValTypeRef& type, TypeSlot& by);
  Result<std::optional<Type>> use(Scope& scope, const OptValType& type, TypeSlot& by);
  Result<TypeId> use_resource(Scope& scope, uint32_t index);
  Result<TypeBody> body(Scope& scope, const component::TypeDef& def, TypeSlot& slot,
                        uint64_t offset);
  Result<TypeBody> compound(Scope& scope, const component::TypeDef& def, TypeSlot& slot,
                            uint64_t offset);
  template <class T>
  Result<std::vector<Label>> labels(const T& names, uint64_t offset);
  Status define(Scope& scope, const component::TypeDef& def, uint64_t offset);
  Status alias(Scope& scope, const AliasDef& def, uint64_t offset);
  Status name_type(Scope& scope, const ExternName& name, const ExternTypeRef& type,
                   uint64_t offset);

  // what types are in
  Result<Function> function(Scope& scope, const ExternName& name, uint32_t index,
                            const OrderedMap<TypeId>& types, uint64_t offset);
  Status instance(Scope& parent, const TypeDecls& decls, InterfaceId id);
  Result<InterfaceId> instance_of(Scope& scope, const ExternName& name, uint32_t index,
                                  uint64_t offset, WorldInterface& item);
  Status world_extern(Scope& scope, WorldId world, bool is_export, const ExternName& name,
                      const ExternTypeRef& type, uint64_t offset);
  Status world(const Scope& parent, const TypeDecls& decls, const ExternName& name,
               uint64_t offset);

  Resolve out_;
  std::unordered_map<std::string, PackageId> packages_;
  std::optional<PackageId> main_;
  size_t items_ = 0;
};

// ---- packages and interfaces by name

Result<PackageName> Decoder::package_name(const std::string& name, uint64_t offset,
                                          std::string& item) const {
  const ParsedName parsed = SKIFF_TRY(parse_name(name, offset));
  if (parsed.kind != ParsedName::Kind::Interface)
    return bad(offset, "`" + name + "` is not the name of an interface");
  PackageName out;
  // "a:b:c/d/e": all before the last ':' is the namespace; the last projection is the item.
  const size_t at = name.find('@');
  const std::string path = name.substr(0, at);
  const size_t colon = path.rfind(':');
  const size_t slash = path.rfind('/');
  out.ns = path.substr(0, colon);
  out.name = path.substr(colon + 1, slash - colon - 1);
  item = path.substr(slash + 1);
  if (at != std::string::npos) {
    out.version = parse_version(std::string_view(name).substr(at + 1));
    if (!out.version)
      return bad(offset, "`" + name + "` has a version that is not one of Semantic Versioning");
  }
  return out;
}

Result<PackageId> Decoder::package(const PackageName& name) {
  const PackageId next{static_cast<uint32_t>(out_.packages.size())};
  const auto [slot, is_new] = packages_.try_emplace(name.to_string(), next);
  if (is_new) out_.packages.push_back({name, {}, {}, {}});
  return slot->second;
}

Result<InterfaceId> Decoder::named_interface(const std::string& name, uint64_t offset) {
  std::string item;
  const PackageId in = SKIFF_TRY(package(SKIFF_TRY(package_name(name, offset, item))));
  if (const InterfaceId* there = out_[in].interfaces.find(item)) return *there;
  const InterfaceId id{static_cast<uint32_t>(out_.interfaces.size())};
  Interface& i = out_.interfaces.emplace_back();
  i.name = item;
  i.package = in;
  out_[in].interfaces.insert(item, id);
  return id;
}

// ---- types

// The type at an index, made anonymous where it has no name. `by`: what it becomes a part of.
Result<Type> Decoder::use(Scope& scope, uint32_t index, TypeSlot& by) {
  SKIFF_TRY(check_index(index, scope.types.size()));
  TypeSlot& slot = scope.types[index];
  if (!slot.type) {
    if (!slot.body) return bad(kNoOffset, "type " + std::to_string(index) + " is not a value type");
    const TypeBody& body = *slot.body;
    if (std::holds_alternative<Record>(body) || std::holds_alternative<Variant>(body) ||
        std::holds_alternative<Enum>(body) || std::holds_alternative<Flags>(body))
      return bad(kNoOffset, "type " + std::to_string(index) + " needs a name to be used");
    slot.type = TypeId{static_cast<uint32_t>(out_.types.size())};
    out_.types.push_back({{}, body, {}, {}});
  }
  const TypeId* id = std::get_if<TypeId>(&*slot.type);
  if (id && std::holds_alternative<Resource>(out_[*id].body))
    return bad(kNoOffset, "a resource is used as a value without own or borrow");
  const bool anonymous = id && out_[*id].name.empty();
  by.depth = std::max(by.depth, 1 + (anonymous ? slot.depth : 0));
  by.nodes = std::min(kMaxNodes + 1, by.nodes + (anonymous ? slot.nodes : 1));
  if (by.depth > kMaxDepth || by.nodes > kMaxNodes)
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex,
                "types without names are nested too deeply");
  return *slot.type;
}

Result<Type> Decoder::use(Scope& scope, const ValTypeRef& type, TypeSlot& by) {
  if (const Primitive* p = std::get_if<Primitive>(&type.type)) return Type(*p);
  return use(scope, std::get<uint32_t>(type.type), by);
}

Result<std::optional<Type>> Decoder::use(Scope& scope, const OptValType& type, TypeSlot& by) {
  if (!type) return std::optional<Type>();
  return std::optional<Type>(SKIFF_TRY(use(scope, *type, by)));
}

Result<TypeId> Decoder::use_resource(Scope& scope, uint32_t index) {
  SKIFF_TRY(check_index(index, scope.types.size()));
  const std::optional<Type>& type = scope.types[index].type;
  const TypeId* id = type ? std::get_if<TypeId>(&*type) : nullptr;
  const Type target = id ? out_.resolve_alias(*id) : Type(Primitive::Bool);
  const TypeId* resource = std::get_if<TypeId>(&target);
  if (!resource || !std::holds_alternative<Resource>(out_[*resource].body))
    return bad(kNoOffset, "type " + std::to_string(index) + " is not a resource");
  return *id;
}

template <class T>
Result<std::vector<Label>> Decoder::labels(const T& names, uint64_t offset) {
  std::vector<Label> out;
  StrongNames seen;
  SKIFF_TRY(spend(names.size()));
  for (const std::string& name : names) {
    SKIFF_TRY(check_label(name, offset));
    if (seen.add(name)) return bad(offset, "`" + name + "` occurs twice");
    out.push_back({name, {}});
  }
  return out;
}

Result<TypeBody> Decoder::compound(Scope& scope, const component::TypeDef& def, TypeSlot& slot,
                                   uint64_t offset) {
  StrongNames seen;
  const auto label = [&](const std::string& name) -> Status {
    SKIFF_TRY(spend(1));
    SKIFF_TRY(check_label(name, offset));
    if (seen.add(name)) return bad(offset, "`" + name + "` occurs twice");
    return {};
  };
  if (const auto* t = std::get_if<RecordDef>(&def.type)) {
    Record out;
    for (const LabelledType& f : t->fields) {
      SKIFF_TRY(label(f.label));
      out.fields.push_back({f.label, SKIFF_TRY(use(scope, f.type, slot)), {}});
    }
    if (out.fields.empty()) return bad(offset, "a record has no fields");
    return out;
  }
  if (const auto* t = std::get_if<VariantDef>(&def.type)) {
    Variant out;
    for (const component::Case& c : t->cases) {
      SKIFF_TRY(label(c.label));
      out.cases.push_back({c.label, SKIFF_TRY(use(scope, c.type, slot)), {}});
    }
    if (out.cases.empty()) return bad(offset, "a variant has no cases");
    return out;
  }
  if (const auto* t = std::get_if<EnumDef>(&def.type)) {
    Enum out{SKIFF_TRY(labels(t->labels, offset))};
    if (out.cases.empty()) return bad(offset, "an enum has no cases");
    return out;
  }
  if (const auto* t = std::get_if<FlagsDef>(&def.type)) {
    Flags out{SKIFF_TRY(labels(t->labels, offset))};
    if (out.flags.empty() || out.flags.size() > 32)
      return bad(offset, "flags have none or more than 32");
    return out;
  }
  const auto* t = std::get_if<TupleDef>(&def.type);
  if (!t || t->types.empty()) return bad(offset, "a type that WIT does not have");
  Tuple out;
  SKIFF_TRY(spend(t->types.size()));
  for (const ValTypeRef& element : t->types)
    out.types.push_back(SKIFF_TRY(use(scope, element, slot)));
  return out;
}

Result<TypeBody> Decoder::body(Scope& scope, const component::TypeDef& def, TypeSlot& slot,
                               uint64_t offset) {
  if (const auto* t = std::get_if<PrimitiveDef>(&def.type)) return Alias{t->type};
  if (const auto* t = std::get_if<ListDef>(&def.type))
    return List{SKIFF_TRY(use(scope, t->element, slot)), t->length};
  if (const auto* t = std::get_if<OptionDef>(&def.type))
    return Option{SKIFF_TRY(use(scope, t->type, slot))};
  if (const auto* t = std::get_if<MapDef>(&def.type)) {
    const Type key = SKIFF_TRY(use(scope, t->key, slot));
    if (!std::holds_alternative<Primitive>(key))
      return bad(offset, "the key of a map is not primitive");
    return Map{key, SKIFF_TRY(use(scope, t->value, slot))};
  }
  if (const auto* t = std::get_if<ResultDef>(&def.type)) {
    const std::optional<Type> ok = SKIFF_TRY(use(scope, t->ok, slot));
    return ResultOf{ok, SKIFF_TRY(use(scope, t->error, slot))};
  }
  if (const auto* t = std::get_if<OwnDef>(&def.type))
    return Own{SKIFF_TRY(use_resource(scope, t->resource))};
  if (const auto* t = std::get_if<BorrowDef>(&def.type))
    return Borrow{SKIFF_TRY(use_resource(scope, t->resource))};
  if (const auto* t = std::get_if<StreamDef>(&def.type))
    return Stream{SKIFF_TRY(use(scope, t->element, slot))};
  if (const auto* t = std::get_if<FutureDef>(&def.type))
    return Future{SKIFF_TRY(use(scope, t->element, slot))};
  return compound(scope, def, slot, offset);
}

Status Decoder::define(Scope& scope, const component::TypeDef& def, uint64_t offset) {
  TypeSlot slot;
  if (const auto* t = std::get_if<FuncTypeDef>(&def.type)) {
    slot.func = t;
  } else if (const auto* t = std::get_if<InstanceTypeDef>(&def.type)) {
    slot.instance = t->decls.get();
  } else if (const auto* t = std::get_if<ComponentTypeDef>(&def.type)) {
    slot.component = t->decls.get();
  } else {
    slot.body = SKIFF_TRY(body(scope, def, slot, offset));
    // A primitive is what it is, named or not.
    if (const auto* alias = std::get_if<Alias>(&*slot.body)) slot.type = alias->type;
  }
  scope.types.push_back(std::move(slot));
  return {};
}

Status Decoder::alias(Scope& scope, const AliasDef& def, uint64_t offset) {
  if (def.sort != Sort::Type) return bad(offset, "WIT has aliases of types only");
  if (def.kind == AliasDef::Kind::Outer) {
    const Scope* from = &scope;
    for (uint32_t i = 0; i < def.count && from; ++i) from = from->parent;
    if (!from) return bad(offset, "an alias leads out of all scopes");
    SKIFF_TRY(check_index(def.index, from->types.size()));
    TypeSlot copy = from->types[def.index];
    // Anonymous types belong to the scope that they are written in; only named ones pass between
    // them.
    const TypeId* id = copy.type ? std::get_if<TypeId>(&*copy.type) : nullptr;
    if (!copy.type || (id && out_[*id].name.empty()))
      return bad(offset, "an outer alias of a type without a name");
    copy.body.reset();
    scope.types.push_back(std::move(copy));
    return {};
  }
  SKIFF_TRY(check_index(def.index, scope.instances.size()));
  const Interface& i = out_[scope.instances[def.index]];
  const TypeId* type = i.types.find(def.name);
  if (!type) return bad(offset, "interface `" + i.name + "` has no type `" + def.name + "`");
  TypeSlot slot;
  slot.type = *type;
  scope.types.push_back(std::move(slot));
  return {};
}

// A type import or export: a new index, and a new named type unless the interface has it from an
// earlier mention.
Status Decoder::name_type(Scope& scope, const ExternName& name, const ExternTypeRef& type,
                          uint64_t offset) {
  SKIFF_TRY(check_label(name.name, offset));
  if (!type.sub_resource) SKIFF_TRY(check_index(type.index, scope.types.size()));
  const InterfaceId* in_interface = std::get_if<InterfaceId>(&scope.owner);
  OrderedMap<TypeId>& names = in_interface ? out_[*in_interface].types : scope.names;
  const TypeId* there = names.find(name.name);
  TypeId id = there ? *there : TypeId{static_cast<uint32_t>(out_.types.size())};
  if (!there) {
    TypeBody body = Resource{};
    if (!type.sub_resource) {
      const TypeSlot& slot = scope.types[type.index];
      const TypeId* of = slot.type ? std::get_if<TypeId>(&*slot.type) : nullptr;
      const bool is_named = slot.type && (!of || !out_[*of].name.empty());
      if (!is_named && !slot.body)
        return bad(offset, "`" + name.name + "` is not a value type or resource");
      body = is_named ? TypeBody(Alias{*slot.type}) : *slot.body;
    }
    Attributes attributes;
    attributes.external_id = name.external_id;
    out_.types.push_back({name.name, std::move(body), scope.owner, std::move(attributes)});
    names.insert(name.name, id);
  }
  // Further names of the same definition stand for the first.
  if (!type.sub_resource && !scope.types[type.index].type) scope.types[type.index].type = id;
  TypeSlot slot;
  slot.type = id;
  scope.types.push_back(std::move(slot));
  return {};
}

// ---- functions, interfaces

Result<Function> Decoder::function(Scope& scope, const ExternName& name, uint32_t index,
                                   const OrderedMap<TypeId>& types, uint64_t offset) {
  SKIFF_TRY(check_index(index, scope.types.size()));
  const FuncTypeDef* def = scope.types[index].func;
  if (!def) return bad(offset, "`" + name.name + "` is not a function");
  const ParsedName parsed = SKIFF_TRY(parse_name(name.name, offset));
  Function f;
  f.name = name.name;
  f.async_ = def->async_;
  f.attributes.external_id = name.external_id;
  switch (parsed.kind) {
    case ParsedName::Kind::Label:
      f.kind = Function::Kind::Freestanding;
      break;
    case ParsedName::Kind::Constructor:
      f.kind = Function::Kind::Constructor;
      break;
    case ParsedName::Kind::Method:
      f.kind = Function::Kind::Method;
      break;
    case ParsedName::Kind::Static:
      f.kind = Function::Kind::Static;
      break;
    case ParsedName::Kind::Interface:
      return bad(offset, "function `" + name.name + "` has the name of an interface");
  }
  TypeSlot whole;
  StrongNames seen;
  SKIFF_TRY(spend(def->params.size()));
  for (const LabelledType& p : def->params) {
    SKIFF_TRY(check_label(p.label, offset));
    if (seen.add(p.label)) return bad(offset, "parameter `" + p.label + "` occurs twice");
    f.params.push_back({p.label, SKIFF_TRY(use(scope, p.type, whole))});
  }
  f.result = SKIFF_TRY(use(scope, def->result, whole));
  if (f.kind == Function::Kind::Freestanding) return f;
  const TypeId* resource = types.find(parsed.resource);
  if (!resource || !std::holds_alternative<Resource>(out_[*resource].body))
    return bad(offset, "`" + name.name + "` is of no resource of its scope");
  f.resource = *resource;
  const auto body_of = [&](const std::optional<Type>& t) -> const TypeBody* {
    const TypeId* id = t ? std::get_if<TypeId>(&*t) : nullptr;
    return id ? &out_[*id].body : nullptr;
  };
  if (f.kind == Function::Kind::Method) {
    const TypeBody* self = f.params.empty() ? nullptr : body_of(f.params[0].type);
    const Borrow* borrow = self ? std::get_if<Borrow>(self) : nullptr;
    if (!borrow || borrow->resource != f.resource)
      return bad(offset, "method `" + name.name + "` lacks its `self`");
  }
  if (f.kind == Function::Kind::Constructor) {
    const TypeBody* result = body_of(f.result);
    if (const ResultOf* fallible = result ? std::get_if<ResultOf>(result) : nullptr)
      result = body_of(fallible->ok);
    const Own* own = result ? std::get_if<Own>(result) : nullptr;
    if (!own || own->resource != f.resource)
      return bad(offset, "constructor `" + name.name + "` does not return its resource");
  }
  return f;
}

Status Decoder::instance(Scope& parent, const TypeDecls& decls, InterfaceId id) {
  Scope scope;
  scope.parent = &parent;
  scope.owner = id;
  StrongNames seen;
  for (const TypeDecl& decl : decls.decls) {
    SKIFF_TRY(spend(1));
    if (const auto* def = std::get_if<component::TypeDef>(&decl.decl)) {
      SKIFF_TRY(define(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<AliasDef>(&decl.decl)) {
      SKIFF_TRY(alias(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<ExportDecl>(&decl.decl)) {
      if (seen.add(def->name.name))
        return bad(decl.offset, "`" + def->name.name + "` is exported twice");
      if (def->type.sort == Sort::Type) {
        SKIFF_TRY(name_type(scope, def->name, def->type, decl.offset));
      } else if (def->type.sort == Sort::Func) {
        Function f =
            SKIFF_TRY(function(scope, def->name, def->type.index, out_[id].types, decl.offset));
        out_[id].functions.insert(def->name.name, std::move(f));
      } else {
        return bad(decl.offset, "interfaces hold types and functions only");
      }
    } else {
      return bad(decl.offset, "a declaration that WIT does not have");
    }
  }
  // As the resolver orders them: functions of resources first.
  out_[id].functions.sort_by(
      [](const auto& entry) { return entry.second.kind == Function::Kind::Freestanding; });
  return {};
}

// ---- worlds

Result<InterfaceId> Decoder::instance_of(Scope& scope, const ExternName& name, uint32_t index,
                                         uint64_t offset, WorldInterface& item) {
  SKIFF_TRY(check_index(index, scope.types.size()));
  const TypeDecls* decls = scope.types[index].instance;
  if (!decls) return bad(offset, "`" + name.name + "` is not an instance");
  const ParsedName parsed = SKIFF_TRY(parse_name(name.name, offset));
  InterfaceId id{static_cast<uint32_t>(out_.interfaces.size())};
  if (parsed.kind == ParsedName::Kind::Interface) {
    id = SKIFF_TRY(named_interface(name.name, offset));
  } else if (parsed.kind != ParsedName::Kind::Label) {
    return bad(offset, "instance `" + name.name + "` has the name of a function");
  } else if (name.implements) {
    id = SKIFF_TRY(named_interface(*name.implements, offset));
  } else {
    out_.interfaces.emplace_back();
    if (const WorldId* world = std::get_if<WorldId>(&scope.owner))
      out_[id].package = out_[*world].package;
  }
  SKIFF_TRY(instance(scope, *decls, id));
  scope.instances.push_back(id);
  item.interface = id;
  item.attributes.external_id = name.external_id;
  return id;
}

Status Decoder::world_extern(Scope& scope, WorldId world, bool is_export, const ExternName& name,
                             const ExternTypeRef& type, uint64_t offset) {
  WorldItem item;
  if (type.sort == Sort::Instance) {
    WorldInterface interface;
    SKIFF_TRY(instance_of(scope, name, type.index, offset, interface));
    item = std::move(interface);
  } else if (type.sort == Sort::Func) {
    item = SKIFF_TRY(function(scope, name, type.index, scope.names, offset));
  } else if (type.sort == Sort::Type && !is_export) {
    SKIFF_TRY(name_type(scope, name, type, offset));
    item = *scope.names.find(name.name);
  } else {
    return bad(offset, "`" + name.name + "` is nothing that a world can import or export");
  }
  OrderedMap<WorldItem>& items = is_export ? out_[world].exports : out_[world].imports;
  if (items.insert(name.name, std::move(item))) return {};
  return bad(offset, "`" + name.name + "` occurs twice in a world");
}

Status Decoder::world(const Scope& parent, const TypeDecls& decls, const ExternName& name,
                      uint64_t offset) {
  std::string item;
  const PackageId in = SKIFF_TRY(package(SKIFF_TRY(package_name(name.name, offset, item))));
  if (main_ && *main_ != in)
    return bad(offset, "`" + name.name + "` is of another package than what is before it");
  main_ = in;
  const WorldId id{static_cast<uint32_t>(out_.worlds.size())};
  World& world = out_.worlds.emplace_back();
  world.name = item;
  world.package = in;
  if (!out_[in].worlds.insert(item, id)) return bad(offset, "world `" + item + "` occurs twice");
  Scope scope;
  scope.parent = &parent;
  scope.owner = id;
  for (const TypeDecl& decl : decls.decls) {
    SKIFF_TRY(spend(1));
    if (const auto* def = std::get_if<component::TypeDef>(&decl.decl)) {
      SKIFF_TRY(define(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<AliasDef>(&decl.decl)) {
      SKIFF_TRY(alias(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<ImportDef>(&decl.decl)) {
      SKIFF_TRY(world_extern(scope, id, false, def->name, def->type, decl.offset));
    } else if (const auto* def = std::get_if<ExportDecl>(&decl.decl)) {
      SKIFF_TRY(world_extern(scope, id, true, def->name, def->type, decl.offset));
    } else {
      return bad(decl.offset, "a declaration that WIT does not have");
    }
  }
  return {};
}

// ---- packages

// One exported type of a package: a component type that imports what it needs and exports one
// interface or world.
Status Decoder::package_export(const TypeDecls& decls, bool only_world) {
  Scope scope;
  bool found = false;
  for (const TypeDecl& decl : decls.decls) {
    SKIFF_TRY(spend(1));
    if (found) return bad(decl.offset, "a declaration behind the exported interface or world");
    if (const auto* def = std::get_if<component::TypeDef>(&decl.decl)) {
      SKIFF_TRY(define(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<AliasDef>(&decl.decl)) {
      SKIFF_TRY(alias(scope, *def, decl.offset));
    } else if (const auto* def = std::get_if<ImportDef>(&decl.decl);
               def && def->type.sort == Sort::Instance) {
      WorldInterface ignored;
      SKIFF_TRY(instance_of(scope, def->name, def->type.index, decl.offset, ignored));
    } else if (const auto* def = std::get_if<ExportDecl>(&decl.decl)) {
      found = true;
      SKIFF_TRY(check_index(def->type.index, scope.types.size()));
      if (def->type.sort == Sort::Component && scope.types[def->type.index].component) {
        SKIFF_TRY(world(scope, *scope.types[def->type.index].component, def->name, decl.offset));
      } else if (def->type.sort == Sort::Instance && !only_world) {
        WorldInterface ignored;
        const InterfaceId id =
            SKIFF_TRY(instance_of(scope, def->name, def->type.index, decl.offset, ignored));
        const std::optional<PackageId> in = out_[id].package;
        if (!in || (main_ && main_ != in))
          return bad(decl.offset, "`" + def->name.name + "` is not of this package");
        main_ = in;
      } else {
        return bad(decl.offset, "`" + def->name.name + "` is not an interface or world");
      }
    } else {
      return bad(decl.offset, "a declaration that WIT does not have");
    }
  }
  if (!found) return bad(kNoOffset, "an exported type holds no interface or world");
  return {};
}

Result<Resolved> Decoder::finish() {
  if (!main_) return bad(kNoOffset, "the component exports no interface or world");
  main_ = order_packages(out_)[main_->index];
  return Resolved{std::move(out_), *main_};
}

Result<Resolved> decode_exports(const Component& component, bool only_world) {
  Decoder decoder;
  std::vector<const TypeDecls*> types;  // the type index space
  for (const Definition& d : component.definitions) {
    if (const auto* def = std::get_if<component::TypeDef>(&d.def)) {
      const auto* type = std::get_if<ComponentTypeDef>(&def->type);
      types.push_back(type ? type->decls.get() : nullptr);
      continue;
    }
    const auto* e = std::get_if<ExportDef>(&d.def);
    if (!e || e->value.sort != Sort::Type || e->value.index >= types.size() ||
        !types[e->value.index])
      return fail(ErrorCode::InvalidWit, d.offset, kNoIndex, "the component is not a WIT package");
    SKIFF_TRY(decoder.package_export(*types[e->value.index], only_world));
    types.push_back(nullptr);
  }
  return decoder.finish();
}

}  // namespace

bool is_wit_package(const Component& component) {
  bool exports = false;
  for (const Definition& d : component.definitions) {
    const auto* e = std::get_if<ExportDef>(&d.def);
    if (!e && !std::holds_alternative<component::TypeDef>(d.def)) return false;
    if (e && e->value.sort != Sort::Type) return false;
    exports |= e != nullptr;
  }
  return exports;
}

Result<Resolved> decode_package(const Component& component) {
  return decode_exports(component, false);
}

Result<Resolved> decode_package(SharedBytes binary) {
  return decode_package(*SKIFF_TRY(decode_component(std::move(binary), Features::all())));
}

Result<DecodedWorld> decode_world_section(SharedBytes contents) {
  const std::shared_ptr<const Component> component =
      SKIFF_TRY(decode_component(std::move(contents), Features::all()));
  Resolved resolved = SKIFF_TRY(decode_exports(*component, true));
  DecodedWorld out;
  out.world = SKIFF_TRY(select_world(resolved.resolve, resolved.main, {}));
  out.resolve = std::move(resolved.resolve);
  for (const ComponentCustom& custom : component->customs) {
    if (custom.name != kEncodingSection) continue;
    const ByteSpan bytes = custom.bytes.bytes;
    if (bytes.size() != 2 || bytes[0] != kEncodingVersion || bytes[1] > 2)
      return fail(ErrorCode::InvalidWit, custom.offset, kNoIndex,
                  "custom section of an unknown version");
    out.strings = static_cast<StringEncoding>(bytes[1]);
    return out;
  }
  return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex,
              "the section does not say how strings are encoded");
}

}  // namespace skiff::component::wit
