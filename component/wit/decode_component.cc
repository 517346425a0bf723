// The world of a validated component. Its types are hash-consed, so names are found again by
// identity: a value type by its TypeId, a resource by its ResourceId, first in the interface at
// hand, then in those before it. Recursion: through anonymous types, bounded by the validator's
// bound on the depth of types.
#include <algorithm>

#include "component/types/names.h"
#include "component/wit/decode.h"

namespace skiff::component::wit {
namespace {

constexpr uint32_t kMaxDepth = 100;
constexpr uint64_t kMaxNodes = 100'000;

// Names of one interface or world. Keys: component::TypeId, ResourceId.
struct Names {
  Owner owner;
  std::unordered_map<uint32_t, TypeId> values;  // what stands for a type where it is used
  std::unordered_map<uint32_t, TypeId> named;   // its first name
  std::unordered_map<uint32_t, TypeId> resources;
};

// Parts that a type lists.
size_t size_of(const component::TypeBody& shape) {
  if (const auto* t = std::get_if<RecordType>(&shape)) return t->fields.size();
  if (const auto* t = std::get_if<VariantType>(&shape)) return t->cases.size();
  if (const auto* t = std::get_if<EnumType>(&shape)) return t->labels.size();
  if (const auto* t = std::get_if<FlagsType>(&shape)) return t->labels.size();
  if (const auto* t = std::get_if<TupleType>(&shape)) return t->types.size();
  return 1;
}

class Reader {
 public:
  explicit Reader(const ComponentInfo& info)
      : t_(*info.types), type_(info.types->get<ComponentType>(info.type)) {}
  Result<DecodedWorld> run();

 private:
  std::unexpected<Error> bad(std::string what) const {
    return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex, std::move(what));
  }
  OrderedMap<TypeId>& types_of(Names& names) {
    const InterfaceId* id = std::get_if<InterfaceId>(&names.owner);
    return id ? out_[*id].types : world_types_;
  }
  TypeId add(wit::TypeDef def) {
    out_.types.push_back(std::move(def));
    return {static_cast<uint32_t>(out_.types.size() - 1)};
  }
  TypeId add_named(Names& names, const std::string& name, TypeBody body,
                   const ExternName* from = nullptr);
  TypeId lend(Names& names, TypeId foreign);

  Result<Type> value(Names& names, component::ValType type);
  Result<std::optional<Type>> value(Names& names, const OptType& type);
  Result<TypeBody> body(Names& names, component::TypeId id);
  Result<TypeId> resource(Names& names, ResourceId id);
  Status name_type(Names& names, const NamedExtern& e);
  Result<Function> function(Names& names, const NamedExtern& e);
  Result<InterfaceId> interface(const ExternName& name);
  Status instance(const NamedExtern& e, InterfaceId id);
  Status world_item(const NamedExtern& e, bool is_export);

  // Types are shared in the table, and written out in the model: what that makes is bounded.
  Status spend(size_t items) {
    items_ += items;
    if (items_ <= kMaxItems) return {};
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "too many items");
  }
  bool is_nominal(component::TypeId id) const {
    return t_.get_if<RecordType>(id) || t_.get_if<VariantType>(id) || t_.get_if<EnumType>(id) ||
           t_.get_if<FlagsType>(id);
  }

  const TypeTable& t_;
  const ComponentType& type_;
  Resolve out_;
  WorldId world_;
  OrderedMap<TypeId> world_types_;
  Names world_names_;
  std::unordered_map<std::string, InterfaceId> interfaces_;
  std::unordered_map<std::string, PackageId> packages_;
  size_t items_ = 0;
  // Types that interfaces have named, for those that come after; values: records, variants, enums
  // and flags.
  std::unordered_map<uint32_t, TypeId> values_;
  std::unordered_map<uint32_t, TypeId> resources_;
};

TypeId Reader::add_named(Names& names, const std::string& name, TypeBody body,
                         const ExternName* from) {
  Attributes attributes;
  if (from) attributes.external_id = from->external_id;
  const TypeId id = add({name, std::move(body), names.owner, std::move(attributes)});
  types_of(names).insert(name, id);
  return id;
}

// A type of another interface that this one refers to without naming it: WIT needs a `use`.
TypeId Reader::lend(Names& names, TypeId foreign) {
  const std::string name = out_[foreign].name;
  std::string free = name;
  for (uint32_t i = 2; types_of(names).contains(free); ++i) free = name + "-" + std::to_string(i);
  return add_named(names, free, Alias{foreign});
}

Result<TypeId> Reader::resource(Names& names, ResourceId id) {
  if (const auto found = names.resources.find(id); found != names.resources.end())
    return found->second;
  const auto found = resources_.find(id);
  if (found == resources_.end()) return bad("a resource type without a name");
  return names.resources[id] = lend(names, found->second);
}

Result<Type> Reader::value(Names& names, component::ValType type) {
  if (type.is_primitive()) return Type(type.primitive());
  if (const auto found = names.values.find(type.id()); found != names.values.end())
    return Type(found->second);
  const TypeFacts& facts = t_.facts(type);
  if (facts.depth > kMaxDepth || facts.nodes > kMaxNodes)
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "types are nested too deeply");
  if (is_nominal(type.id())) {
    const auto found = values_.find(type.id());
    if (found == values_.end()) return bad("a record, variant, enum or flags type without a name");
    return Type(names.values[type.id()] = lend(names, found->second));
  }
  TypeBody body = SKIFF_TRY(this->body(names, type.id()));
  return Type(names.values[type.id()] = add({{}, std::move(body), {}, {}}));
}

Result<std::optional<Type>> Reader::value(Names& names, const OptType& type) {
  if (!type) return std::optional<Type>();
  return std::optional<Type>(SKIFF_TRY(value(names, *type)));
}

Result<TypeBody> Reader::body(Names& names, component::TypeId id) {
  const component::TypeBody& shape = t_.body(id);
  SKIFF_TRY(spend(size_of(shape)));
  if (const auto* t = std::get_if<RecordType>(&shape)) {
    Record out;
    for (const component::Field& f : t->fields)
      out.fields.push_back({f.label, SKIFF_TRY(value(names, f.type)), {}});
    return out;
  }
  if (const auto* t = std::get_if<VariantType>(&shape)) {
    Variant out;
    for (const VariantCase& c : t->cases)
      out.cases.push_back({c.label, SKIFF_TRY(value(names, c.type)), {}});
    return out;
  }
  if (const auto* t = std::get_if<EnumType>(&shape)) {
    Enum out;
    for (const std::string& label : t->labels) out.cases.push_back({label, {}});
    return out;
  }
  if (const auto* t = std::get_if<FlagsType>(&shape)) {
    Flags out;
    for (const std::string& label : t->labels) out.flags.push_back({label, {}});
    return out;
  }
  if (const auto* t = std::get_if<TupleType>(&shape)) {
    Tuple out;
    for (component::ValType element : t->types)
      out.types.push_back(SKIFF_TRY(value(names, element)));
    return out;
  }
  if (const auto* t = std::get_if<MapType>(&shape)) {
    const Type key = SKIFF_TRY(value(names, t->key));
    return Map{key, SKIFF_TRY(value(names, t->value))};
  }
  if (const auto* t = std::get_if<ResultType>(&shape)) {
    const std::optional<Type> ok = SKIFF_TRY(value(names, t->ok));
    return ResultOf{ok, SKIFF_TRY(value(names, t->error))};
  }
  if (const auto* t = std::get_if<ListType>(&shape))
    return List{SKIFF_TRY(value(names, t->element)), t->length};
  if (const auto* t = std::get_if<OptionType>(&shape))
    return Option{SKIFF_TRY(value(names, t->type))};
  if (const auto* t = std::get_if<OwnType>(&shape))
    return Own{SKIFF_TRY(resource(names, t->resource))};
  if (const auto* t = std::get_if<BorrowType>(&shape))
    return Borrow{SKIFF_TRY(resource(names, t->resource))};
  if (const auto* t = std::get_if<StreamType>(&shape))
    return Stream{SKIFF_TRY(value(names, t->element))};
  if (const auto* t = std::get_if<FutureType>(&shape))
    return Future{SKIFF_TRY(value(names, t->element))};
  return bad("a type that is no value type");
}

// An import or export of a type. An interface met again (imported, then exported) keeps its types.
Status Reader::name_type(Names& names, const NamedExtern& e) {
  const AnyType& type = e.type.type;
  const std::string& name = e.name.name;
  const bool in_interface = std::holds_alternative<InterfaceId>(names.owner);
  const TypeId* there = types_of(names).find(name);
  if (type.kind == AnyType::Kind::Resource) {
    TypeId id = there ? *there : TypeId{};
    if (!there) {
      const auto local = names.resources.find(type.id);
      const auto other = resources_.find(type.id);
      TypeBody body = Resource{};
      if (local != names.resources.end()) {
        body = Alias{local->second};
      } else if (other != resources_.end() && !e.type.fresh_resource) {
        body = Alias{other->second};
      }
      id = add_named(names, name, std::move(body), &e.name);
    }
    names.resources.emplace(type.id, id);
    if (in_interface) resources_.emplace(type.id, id);
    return {};
  }
  if (type.kind != AnyType::Kind::Value)
    return bad("`" + name + "` is a type that WIT does not have");
  if (there) {
    if (!type.value.is_primitive() && is_nominal(type.value.id()))
      names.values.emplace(type.value.id(), *there);
    return {};
  }
  TypeBody body;
  if (type.value.is_primitive()) {
    add_named(names, name, Alias{type.value.primitive()}, &e.name);
    return {};
  }
  const uint32_t key = type.value.id();
  const auto local = names.named.find(key);
  const auto other = is_nominal(key) ? values_.find(key) : values_.end();
  if (local != names.named.end()) {
    body = Alias{local->second};
  } else if (other != values_.end()) {
    body = Alias{other->second};
  } else {
    body = SKIFF_TRY(this->body(names, key));
  }
  const TypeId id = add_named(names, name, std::move(body), &e.name);
  names.named.emplace(key, id);
  // Other types are told by their structure; a name of theirs need not be meant where they are
  // used.
  if (!is_nominal(key)) return {};
  names.values.emplace(key, id);
  if (in_interface) values_.emplace(key, id);
  return {};
}

Result<Function> Reader::function(Names& names, const NamedExtern& e) {
  const FuncType& type = t_.get<FuncType>(e.type.id);
  SKIFF_TRY(spend(1 + type.params.size()));
  const ParsedName parsed = SKIFF_TRY(parse_extern_name(e.name.name, Features::all()));
  Function f;
  f.name = e.name.name;
  f.async_ = type.async_;
  f.attributes.external_id = e.name.external_id;
  if (parsed.kind == ParsedName::Kind::Constructor) f.kind = Function::Kind::Constructor;
  if (parsed.kind == ParsedName::Kind::Method) f.kind = Function::Kind::Method;
  if (parsed.kind == ParsedName::Kind::Static) f.kind = Function::Kind::Static;
  if (f.kind != Function::Kind::Freestanding) {
    const TypeId* resource = types_of(names).find(parsed.resource);
    if (!resource) return bad("`" + f.name + "` is of no resource of its scope");
    f.resource = *resource;
  }
  for (const component::Field& p : type.params)
    f.params.push_back({p.label, SKIFF_TRY(value(names, p.type))});
  f.result = SKIFF_TRY(value(names, type.result));
  return f;
}

// ---- interfaces and the world

Result<InterfaceId> Reader::interface(const ExternName& name) {
  const ParsedName parsed = SKIFF_TRY(parse_extern_name(name.name, Features::all()));
  const std::string full =
      parsed.kind == ParsedName::Kind::Interface ? name.name : name.implements.value_or("");
  const InterfaceId id{static_cast<uint32_t>(out_.interfaces.size())};
  if (full.empty()) {
    out_.interfaces.emplace_back().package = out_[world_].package;
    return id;
  }
  const auto [slot, is_new] = interfaces_.try_emplace(full, id);
  if (!is_new) return slot->second;
  const ParsedName path = SKIFF_TRY(parse_extern_name(full, Features::all()));
  PackageName package;
  const size_t colon = path.package.rfind(':');
  if (colon == std::string_view::npos) return bad("`" + full + "` is not the name of an interface");
  package.ns = path.package.substr(0, colon);
  package.name = path.package.substr(colon + 1);
  if (!path.version.empty()) package.version = parse_version(path.version);
  if (!path.version.empty() && !package.version)
    return bad("`" + full + "` has a version that is not one of Semantic Versioning");
  const auto [in, new_package] = packages_.try_emplace(
      package.to_string(), PackageId{static_cast<uint32_t>(out_.packages.size())});
  if (new_package) out_.packages.push_back({package, {}, {}, {}});
  Interface& i = out_.interfaces.emplace_back();
  i.name = path.projection;
  i.package = in->second;
  out_[in->second].interfaces.insert(i.name, id);
  return id;
}

Status Reader::instance(const NamedExtern& e, InterfaceId id) {
  Names names;
  names.owner = id;
  for (const NamedExtern& part : t_.get<InstanceType>(e.type.id).exports) {
    SKIFF_TRY(spend(1));
    if (part.type.sort == Sort::Type) {
      SKIFF_TRY(name_type(names, part));
    } else if (part.type.sort == Sort::Func) {
      Function f = SKIFF_TRY(function(names, part));
      out_[id].functions.insert(part.name.name, std::move(f));
    } else {
      return bad("`" + e.name.name + "` exports something other than types and functions");
    }
  }
  out_[id].functions.sort_by(
      [](const auto& entry) { return entry.second.kind == Function::Kind::Freestanding; });
  return {};
}

Status Reader::world_item(const NamedExtern& e, bool is_export) {
  OrderedMap<WorldItem>& items = is_export ? out_[world_].exports : out_[world_].imports;
  const std::string& key = e.name.name;
  if (e.type.sort == Sort::Instance) {
    const InterfaceId id = SKIFF_TRY(interface(e.name));
    SKIFF_TRY(instance(e, id));
    WorldInterface item{id, {}};
    item.attributes.external_id = e.name.external_id;
    items.insert(key, std::move(item));
  } else if (e.type.sort == Sort::Func) {
    items.insert(key, SKIFF_TRY(function(world_names_, e)));
  } else if (e.type.sort == Sort::Type) {
    // Worlds do not export types; what a component exports so is shown with the types of the world.
    SKIFF_TRY(name_type(world_names_, e));
  } else {
    return bad("`" + key + "` is a core module, component or value, which WIT does not have");
  }
  return {};
}

Result<DecodedWorld> Reader::run() {
  out_.packages.push_back({{"root", "component", std::nullopt}, {}, {}, {}});
  packages_.emplace("root:component", PackageId{0});
  out_.worlds.emplace_back().name = "root";
  out_.packages[0].worlds.insert("root", world_);
  world_names_.owner = world_;
  for (const NamedExtern& e : type_.imports) SKIFF_TRY(world_item(e, false));
  for (const NamedExtern& e : type_.exports) SKIFF_TRY(world_item(e, true));
  World& w = out_[world_];
  for (const auto& [name, id] : world_types_) w.imports.insert(name, id);
  const auto rank = [&](const auto& entry) {
    if (std::holds_alternative<WorldInterface>(entry.second)) return 0;
    if (const TypeId* id = std::get_if<TypeId>(&entry.second)) return out_.used_from(*id) ? 1 : 2;
    return std::get<Function>(entry.second).kind == Function::Kind::Freestanding ? 3 : 4;
  };
  w.imports.sort_by(rank);
  order_packages(out_);
  return DecodedWorld{std::move(out_), world_, StringEncoding::Utf8};
}

}  // namespace

Result<DecodedWorld> decode_component_world(const ComponentInfo& info) {
  return Reader(info).run();
}

}  // namespace skiff::component::wit
