// The rules of subtyping, by sort and by shape. Errors are made innermost, each level prepends where it is.
#include "component/valid/matcher.h"

#include <string_view>
#include <type_traits>

#include "component/valid/core_match.h"
#include "component/valid/valid.h"

namespace skiff::component {
namespace {

std::unexpected<Error> bad(std::string detail) {
  return fail(ErrorCode::InvalidComponent, kNoOffset, kNoIndex, std::move(detail));
}

std::unexpected<Error> too_much() {
  return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "comparing types takes too long");
}

Status in(const std::string& where, Status status) {
  if (!status) status.error().detail = where + ": " + status.error().detail;
  return status;
}

std::string quoted(const std::string& name) { return "`" + name + "`"; }

std::string_view name_of(AnyType::Kind kind) {
  switch (kind) {
    case AnyType::Kind::Value: return "defined type";
    case AnyType::Kind::Func: return "func";
    case AnyType::Kind::Component: return "component";
    case AnyType::Kind::Instance: return "instance";
    case AnyType::Kind::Resource: return "resource";
  }
  return "";
}

std::string_view name_of(Sort sort) { return sort == Sort::CoreModule ? "module" : text_of(sort); }

std::string_view name_of(Primitive p) {
  switch (p) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID: return TEXT;
#include "component/types/primitives.def"
  }
  return "";
}

std::string_view name_of(const TypeBody& body) {
  constexpr std::string_view kNames[] = {"record", "variant", "list",   "map",    "tuple",     "flags",
                                         "enum",   "option",  "result", "own",    "borrow",    "stream",
                                         "future", "func",    "component", "instance", "module"};
  static_assert(std::size(kNames) == std::variant_size_v<TypeBody>);
  return kNames[body.index()];
}

std::string name_of(const TypeTable& table, ValType t) {
  return std::string(t.is_primitive() ? name_of(t.primitive()) : name_of(table.body(t.id())));
}

}  // namespace

// ----------------------------------------------------------------------------------------- resources

// Resources that a type binds are without meaning outside it: what they were mapped to, if the type is being
// compared in an outer level too, comes back in the end.
class Matcher::Binders {
 public:
  explicit Binders(Matcher& matcher) : matcher_(matcher) {}
  Binders(const Binders&) = delete;
  ~Binders() {
    for (const Saved& s : saved_) {
      auto& map = matcher_.maps_[s.side];
      if (s.token)
        map[s.resource] = *s.token;
      else
        map.erase(s.resource);
    }
    if (!saved_.empty()) matcher_.changed();
  }
  void add(Side side, const std::vector<ResourceId>& resources) {
    auto& map = matcher_.maps_[side];
    for (ResourceId r : resources) {
      const auto it = map.find(r);
      saved_.push_back({side, r, it == map.end() ? std::nullopt : std::optional(it->second)});
      if (it != map.end()) map.erase(it);
    }
    if (!resources.empty()) matcher_.changed();
  }

 private:
  struct Saved {
    Side side;
    ResourceId resource;
    std::optional<Token> token;
  };
  Matcher& matcher_;
  std::vector<Saved> saved_;
};

Matcher::Token Matcher::token(Side side, ResourceId resource) const {
  const auto it = maps_[side].find(resource);
  if (it != maps_[side].end()) return it->second;
  return (same_table() ? Token{0} : Token{side} << 32) | resource;
}

void Matcher::bind(Side side, ResourceId resource, ResourceId to) {
  maps_[side][resource] = token(other(side), to);
  changed();
}

std::optional<ResourceId> Matcher::bound(Side side, ResourceId resource) const {
  const auto it = maps_[side].find(resource);
  if (it == maps_[side].end()) return std::nullopt;
  return static_cast<ResourceId>(it->second);
}

Status Matcher::resource(Side side, ResourceId a, ResourceId b) {
  if (token(side, a) == token(other(side), b)) return {};
  return bad("resource types are not the same");
}

// ------------------------------------------------------------------------------------------- externs

Status Matcher::extern_type(Side side, const ExternType& sub, const ExternType& super) {
  if (!budget_.spend(1)) return too_much();
  if (sub.sort != super.sort) {
    return bad("expected " + std::string(name_of(super.sort)) + ", found " +
               std::string(name_of(sub.sort)));
  }
  switch (super.sort) {
    case Sort::CoreModule: {
      const auto& a = table(side).get<ModuleType>(sub.id);
      const auto& b = table(other(side)).get<ModuleType>(super.id);
      if (same_table() && sub.id == super.id) return {};
      if (!budget_.spend(8 * (a.imports.size() + a.exports.size() + b.imports.size() + b.exports.size())))
        return too_much();
      return core_matches(registry_, a, b);
    }
    case Sort::Func: return func(side, sub.id, super.id);
    case Sort::Value: return value(side, sub.value, super.value);
    case Sort::Type: return type_extern(side, sub, super);
    case Sort::Component: return component(side, sub.id, super.id);
    case Sort::Instance: return instance(side, sub.id, super.id);
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreType:
    case Sort::CoreInstance: break;
  }
  return bad("not a type of an import or export");
}

Status Matcher::type_extern(Side side, const ExternType& sub, const ExternType& super) {
  const AnyType& a = sub.type;
  const AnyType& b = super.type;
  if (super.fresh_resource && a.kind == AnyType::Kind::Resource &&
      !maps_[other(side)].contains(b.id)) {
    maps_[other(side)][b.id] = token(side, a.id);
    changed();
    return {};
  }
  return any(side, a, b);
}

Status Matcher::any(Side side, const AnyType& a, const AnyType& b) {
  if (a.kind != b.kind)
    return bad("expected " + std::string(name_of(b.kind)) + ", found " + std::string(name_of(a.kind)));
  switch (a.kind) {
    case AnyType::Kind::Value:
      if (b.value.is_primitive() && !a.value.is_primitive())
        return bad("expected primitive, found " + name_of(table(side), a.value));
      return value(side, a.value, b.value);
    case AnyType::Kind::Func: return func(side, a.id, b.id);
    case AnyType::Kind::Resource: return resource(side, a.id, b.id);
    // Equality: each is a subtype of the other.
    case AnyType::Kind::Component:
      if (Status s = component(side, a.id, b.id); !s) return s;
      return component(other(side), b.id, a.id);
    case AnyType::Kind::Instance:
      if (Status s = instance(side, a.id, b.id); !s) return s;
      return instance(other(side), b.id, a.id);
  }
  return {};
}

Status Matcher::exports(Side side, const std::vector<NamedExtern>& sub,
                        const std::unordered_map<std::string, uint32_t>* by_name,
                        const std::vector<NamedExtern>& super, const char* what) {
  std::unordered_map<std::string, uint32_t> made;
  if (!by_name) {
    if (!budget_.spend(4 * sub.size()))
      return too_much();
    for (uint32_t i = 0; i < sub.size(); ++i) made.emplace(sub[i].name.name, i);
    by_name = &made;
  }
  for (const NamedExtern& e : super) {
    const auto it = by_name->find(e.name.name);
    if (it == by_name->end()) return bad("missing expected export " + quoted(e.name.name));
    const Status s = extern_type(side, sub[it->second].type, e.type);
    if (!s)
      return in(std::string("type mismatch in ") + what + " export " + quoted(e.name.name), s);
  }
  return {};
}

Status Matcher::instance(Side side, TypeId sub, TypeId super) {
  if (same_table() && sub == super && !table(side).facts(sub).has_resource) return {};
  const auto& a = table(side).get<InstanceType>(sub);
  const auto& b = table(other(side)).get<InstanceType>(super);
  if (!budget_.spend(Budget::kCompare + 8 * (a.fresh.size() + b.fresh.size() + b.exports.size())))
    return too_much();
  Binders binders(*this);
  binders.add(side, a.fresh);
  binders.add(other(side), b.fresh);
  return exports(side, a.exports, &a.by_name, b.exports, "instance");
}

Status Matcher::component(Side side, TypeId sub, TypeId super) {
  const auto& a = table(side).get<ComponentType>(sub);
  const auto& b = table(other(side)).get<ComponentType>(super);
  if (!budget_.spend(Budget::kCompare + 8 * (a.parameters.size() + a.fresh.size() + b.parameters.size() +
                                             b.fresh.size() + b.imports.size() + b.exports.size())))
    return too_much();
  Binders binders(*this);
  for (const auto* list : {&a.parameters, &a.fresh}) binders.add(side, *list);
  for (const auto* list : {&b.parameters, &b.fresh}) binders.add(other(side), *list);
  std::unordered_map<std::string_view, const ExternType*> supplied;
  for (const NamedExtern& e : b.imports) supplied.emplace(e.name.name, &e.type);
  for (const NamedExtern& e : a.imports) {
    const auto it = supplied.find(e.name.name);
    if (it == supplied.end()) return bad("missing expected import " + quoted(e.name.name));
    const Status s = extern_type(other(side), *it->second, e.type);
    if (!s) return in("type mismatch in component import " + quoted(e.name.name), s);
  }
  return exports(side, a.exports, nullptr, b.exports, "component");
}

// -------------------------------------------------------------------------------------------- values

Status Matcher::func(Side side, TypeId a, TypeId b) {
  return value(side, ValType::of(a), ValType::of(b));
}

Status Matcher::value(Side side, ValType a, ValType b) {
  if (!budget_.spend(1)) return too_much();
  const TypeTable& ta = table(side);
  const TypeTable& tb = table(other(side));
  if (a.is_primitive() || b.is_primitive()) {
    if (a == b) return {};
    if (a.is_primitive() && b.is_primitive()) {
      return bad("expected primitive `" + std::string(name_of(b.primitive())) + "` found primitive `" +
                 std::string(name_of(a.primitive())) + "`");
    }
    return bad("expected " + name_of(tb, b) + ", found " + name_of(ta, a));
  }
  const bool resources = ta.facts(a).has_resource || tb.facts(b).has_resource;
  if (same_table() && a == b && !resources) return {};
  const uint64_t key = uint64_t{side == A ? a.bits() : b.bits()} << 32 | (side == A ? b.bits() : a.bits());
  auto& memo = resources ? resource_memo_ : memo_;
  if (memo.contains(key)) return {};
  if (Status s = body(side, ta.body(a.id()), tb.body(b.id())); !s) return s;
  memo.insert(key);
  return {};
}

Status Matcher::optional(Side side, const OptType& a, const OptType& b, const std::string& what) {
  if (!a && !b) return {};
  if (!a) return bad("expected " + what + " type, but found none");
  if (!b) return bad("expected " + what + " type to not be present");
  return value(side, *a, *b);
}

template <class T>
Status Matcher::same(Side side, const T& a, const T& b) {
  auto counted = [&](size_t found, size_t expected, const char* what) -> Status {
    if (!budget_.spend(found)) return too_much();
    if (found == expected) return {};
    return bad("expected " + std::to_string(expected) + " " + what + ", found " + std::to_string(found));
  };
  if constexpr (std::is_same_v<T, RecordType>) {
    if (Status s = counted(a.fields.size(), b.fields.size(), "fields"); !s) return s;
    for (size_t i = 0; i < a.fields.size(); ++i) {
      const Field &x = a.fields[i], &y = b.fields[i];
      if (x.label != y.label)
        return bad("expected field name " + quoted(y.label) + ", found " + quoted(x.label));
      if (Status s = value(side, x.type, y.type); !s)
        return in("type mismatch in record field " + quoted(y.label), s);
    }
  } else if constexpr (std::is_same_v<T, VariantType>) {
    if (Status s = counted(a.cases.size(), b.cases.size(), "cases"); !s) return s;
    for (size_t i = 0; i < a.cases.size(); ++i) {
      const VariantCase &x = a.cases[i], &y = b.cases[i];
      const std::string name = quoted(y.label);
      if (x.label != y.label) return bad("expected case named " + name + ", found " + quoted(x.label));
      if (!x.type && y.type) return bad("expected case " + name + " to have a type, found none");
      if (x.type && !y.type) return bad("expected case " + name + " to have no type");
      if (!x.type) continue;
      if (Status s = value(side, *x.type, *y.type); !s) return in("type mismatch in variant case " + name, s);
    }
  } else if constexpr (std::is_same_v<T, ListType>) {
    if (a.length != b.length) return bad("lists differ in their fixed length");
    return value(side, a.element, b.element);
  } else if constexpr (std::is_same_v<T, MapType>) {
    if (Status s = value(side, a.key, b.key); !s) return in("type mismatch in map key", s);
    return in("type mismatch in map value", value(side, a.value, b.value));
  } else if constexpr (std::is_same_v<T, TupleType>) {
    if (Status s = counted(a.types.size(), b.types.size(), "types"); !s) return s;
    for (size_t i = 0; i < a.types.size(); ++i)
      if (Status s = value(side, a.types[i], b.types[i]); !s)
        return in("type mismatch in tuple field " + std::to_string(i), s);
  } else if constexpr (std::is_same_v<T, FlagsType>) {
    if (a.labels != b.labels) return bad("mismatch in flags elements");
  } else if constexpr (std::is_same_v<T, EnumType>) {
    if (a.labels != b.labels) return bad("mismatch in enum elements");
  } else if constexpr (std::is_same_v<T, OptionType>) {
    return value(side, a.type, b.type);
  } else if constexpr (std::is_same_v<T, ResultType>) {
    if (Status s = optional(side, a.ok, b.ok, "ok"); !s) return in("type mismatch in ok variant", s);
    return in("type mismatch in err variant", optional(side, a.error, b.error, "err"));
  } else if constexpr (std::is_same_v<T, OwnType> || std::is_same_v<T, BorrowType>) {
    return resource(side, a.resource, b.resource);
  } else if constexpr (std::is_same_v<T, StreamType> || std::is_same_v<T, FutureType>) {
    return optional(side, a.element, b.element, "element");
  } else if constexpr (std::is_same_v<T, FuncType>) {
    if (a.async_ != b.async_)
      return bad(b.async_ ? "expected an async function" : "expected a function that is not async");
    if (Status s = counted(a.params.size(), b.params.size(), "parameters"); !s) return s;
    for (size_t i = 0; i < a.params.size(); ++i) {
      const Field &x = a.params[i], &y = b.params[i];
      if (x.label != y.label)
        return bad("expected parameter named " + quoted(y.label) + ", found " + quoted(x.label));
      if (Status s = value(side, x.type, y.type); !s)
        return in("type mismatch in function parameter " + quoted(y.label), s);
    }
    if (!a.result != !b.result)
      return bad(b.result ? "expected a result, found none" : "expected no result, found one");
    if (a.result) return in("type mismatch with result type", value(side, *a.result, *b.result));
  } else {
    return bad("not a value type");
  }
  return {};
}

Status Matcher::body(Side side, const TypeBody& a, const TypeBody& b) {
  if (a.index() != b.index())
    return bad("expected " + std::string(name_of(b)) + ", found " + std::string(name_of(a)));
  return std::visit(
      [&](const auto& x) {
        using T = std::decay_t<decltype(x)>;
        return same<T>(side, x, *std::get_if<T>(&b));
      },
      a);
}

// ---------------------------------------------------------------------------------------- interface

Status matches(const TypeTable& sub_table, const ExternType& sub, const TypeTable& super_table,
               const ExternType& super, ResourceMap& resources, const TypeRegistry& registry) {
  Budget budget;
  Matcher matcher(sub_table, super_table, registry, budget);
  for (const auto& [resource, supplied] : resources.map) matcher.bind(Matcher::B, resource, supplied);
  Status status = matcher.extern_type(Matcher::A, sub, super);
  for (const auto& [resource, token] : matcher.bindings(Matcher::B))
    resources.map[resource] = static_cast<ResourceId>(token);
  return status;
}

}  // namespace skiff::component
