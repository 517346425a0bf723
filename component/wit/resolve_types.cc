// TypeScope: named and anonymous types, and functions, of one interface or world.
#include <functional>

#include "component/types/names.h"
#include "component/wit/name.h"
#include "component/wit/resolve_parts.h"

namespace skiff::component::wit {
namespace {

// Calls f for each name in a type expression.
template <class F>
void each_name(const ast::TypeExpr& tree, F f) {
  using Kind = ast::TypeExpr::Kind;
  if (tree.kind == Kind::Name || tree.kind == Kind::Own || tree.kind == Kind::Borrow) f(tree.name);
  for (const ast::TypeExpr& argument : tree.arguments) each_name(argument, f);
}

std::string key_of(const Type& type) {
  if (const TypeId* id = std::get_if<TypeId>(&type)) return "#" + std::to_string(id->index);
  return "p" + std::to_string(static_cast<unsigned>(std::get<Primitive>(type)));
}
std::string key_of(const std::optional<Type>& type) { return type ? key_of(*type) : "_"; }

// A text that is equal exactly for equal anonymous types.
std::string key_of(const TypeBody& body) {
  const std::string kind = std::to_string(body.index()) + ":";
  if (const auto* t = std::get_if<Own>(&body)) return kind + std::to_string(t->resource.index);
  if (const auto* t = std::get_if<Borrow>(&body)) return kind + std::to_string(t->resource.index);
  if (const auto* t = std::get_if<Option>(&body)) return kind + key_of(t->type);
  if (const auto* t = std::get_if<ResultOf>(&body))
    return kind + key_of(t->ok) + "," + key_of(t->error);
  if (const auto* t = std::get_if<Map>(&body))
    return kind + key_of(t->key) + "," + key_of(t->value);
  if (const auto* t = std::get_if<Stream>(&body)) return kind + key_of(t->element);
  if (const auto* t = std::get_if<Future>(&body)) return kind + key_of(t->element);
  if (const auto* t = std::get_if<List>(&body))
    return kind + key_of(t->element) + (t->length ? "," + std::to_string(*t->length) : "");
  std::string key = kind;
  if (const auto* t = std::get_if<Tuple>(&body))
    for (const Type& element : t->types) key += key_of(element) + ",";
  return key;
}

}  // namespace

// ---- names and order

Status TypeScope::claim(std::string_view name, Span at) {
  const auto [slot, is_new] = claimed_.try_emplace(strong_name(name), std::string(name), at);
  if (is_new) return {};
  const auto& [other, where] = slot->second;
  const std::string place = "the other is at " + r_.sources_.position(where.begin);
  if (other == name) return r_.error(at, "`" + other + "` is defined twice", place);
  return r_.error(at,
                  "`" + std::string(name) + "` and `" + other +
                      "` are too similar to be told apart in bindings",
                  place);
}

Status TypeScope::collect_use(const ast::Use& use, std::vector<Pending>& pending) {
  const uint32_t package = r_.scopes_[scope_].package;
  const bool on = SKIFF_TRY(r_.is_on(use.attributes, package, use.from.span));
  for (const ast::UseName& name : use.names) {
    if (on) {
      pending.push_back({nullptr, &use, &name});
      SKIFF_TRY(claim(name.as.name, name.as.span));
    } else {
      off_.emplace(name.as.name, use.attributes.stability.feature);
    }
  }
  return {};
}

Status TypeScope::collect(std::vector<Pending>& pending) {
  for (const ast::Use* use : uses_) SKIFF_TRY(collect_use(*use, pending));
  const uint32_t package = r_.scopes_[scope_].package;
  for (const ast::Type* type : types_) {
    if (!SKIFF_TRY(r_.is_on(type->attributes, package, type->name.span))) {
      off_.emplace(type->name.name, type->attributes.stability.feature);
      // What belongs to a resource that is off must be off too.
      for (const ast::Func& func : type->functions)
        if (SKIFF_TRY(r_.is_on(func.attributes, package, func.name.span)))
          return r_.error(
              func.name.span,
              "this function is not gated, but its resource `" + std::string(type->name.name) +
                  "` is",
              "put @unstable(feature = " + type->attributes.stability.feature + ") before it");
      continue;
    }
    pending.push_back({type, nullptr, nullptr});
    SKIFF_TRY(claim(type->name.name, type->name.span));
  }
  return {};
}

Result<std::vector<uint32_t>> TypeScope::order(const std::vector<Pending>& pending) {
  std::unordered_map<std::string_view, uint32_t> index;
  for (uint32_t i = 0; i < pending.size(); ++i) index.emplace(pending[i].as(), i);
  std::vector<Edge> edges;
  std::vector<Span> spans;
  for (uint32_t i = 0; i < pending.size(); ++i) {
    if (!pending[i].type) continue;
    const auto reference = [&](const ast::Ident& name) {
      const auto found = index.find(name.name);
      if (found == index.end()) return;
      edges.push_back({i, found->second});
      spans.push_back(name.span);
    };
    // Functions of resources are resolved after all types.
    each_name(pending[i].type->alias, reference);
    for (const ast::Member& member : pending[i].type->members)
      if (member.type) each_name(*member.type, reference);
  }
  TopologicalOrder sort = toposort(static_cast<uint32_t>(pending.size()), edges);
  if (sort.cycle.empty()) return std::move(sort.order);
  return r_.cycle_error(
      sort.cycle, "type", [&](uint32_t i) { return std::string(pending[i].as()); },
      [&](Edge e) {
        for (size_t i = 0; i < edges.size(); ++i)
          if (edges[i].from == e.from && edges[i].to == e.to) return spans[i];
        return Span{};
      });
}

Status TypeScope::define() {
  std::vector<Pending> pending;
  SKIFF_TRY(collect(pending));
  const std::vector<uint32_t> order = SKIFF_TRY(this->order(pending));
  for (uint32_t i : order) {
    if (pending[i].use) {
      SKIFF_TRY(define_use(pending[i]));
    } else {
      SKIFF_TRY(define_type(*pending[i].type));
    }
  }
  for (uint32_t i : order) {
    if (!pending[i].type) continue;
    const TypeId resource = *by_name_.find(pending[i].as());
    for (const ast::Func& func : pending[i].type->functions)
      if (std::optional<Function> f = SKIFF_TRY(function(func, resource)))
        functions_.push_back(std::move(*f));
  }
  return {};
}

// ---- definitions

TypeId TypeScope::add_type(TypeDef type) {
  const TypeId id{static_cast<uint32_t>(r_.out_.types.size())};
  // A shallow look: what it refers to has been looked at before.
  bool borrow = std::holds_alternative<Borrow>(type.body);
  each_type(type.body, [&](const Type& part) {
    if (const TypeId* part_id = std::get_if<TypeId>(&part)) borrow |= r_.borrows_[part_id->index];
  });
  r_.borrows_.push_back(borrow);
  r_.out_.types.push_back(std::move(type));
  return id;
}

TypeId TypeScope::intern(TypeBody body) {
  std::string key = key_of(body);
  if (const auto found = anonymous_.find(key); found != anonymous_.end()) return found->second;
  const TypeId id = add_type({{}, std::move(body), {}, {}});
  anonymous_.emplace(std::move(key), id);
  return id;
}

Status TypeScope::define_use(const Pending& p) {
  const ItemRef ref = SKIFF_TRY(r_.find_interface(scope_, p.use->from));
  const PackageItem& item = r_.item(ref);
  const Interface& from = r_.out_[InterfaceId{item.id}];
  const std::string_view name = p.name->name.name;
  const TypeId* type = from.types.find(name);
  if (!type) {
    std::vector<std::string> names;
    for (const auto& [n, id] : from.types) names.push_back(n);
    const std::string near = nearest(name, names);
    const bool is_function = from.functions.contains(name);
    return r_.error(
        p.name->name.span,
        is_function
            ? "`" + std::string(name) + "` is a function, only types can be used"
            : "interface `" + std::string(item.name) + "` has no type `" + std::string(name) + "`",
        near.empty() ? std::string{} : "did you mean `" + near + "`?");
  }
  const TypeId id = add_type({std::string(p.as()), Alias{*type}, owner_, p.use->attributes});
  by_name_.insert(std::string(p.as()), id);
  return {};
}

Status TypeScope::members(const ast::Type& tree) {
  constexpr size_t kMaxFlags = 32;
  if (tree.kind == ast::Type::Kind::Flags && tree.members.size() > kMaxFlags)
    return r_.error(tree.name.span,
                    "`" + std::string(tree.name.name) + "` has " +
                        std::to_string(tree.members.size()) + " flags, the most are 32",
                    "split it in two");
  std::unordered_map<std::string, std::string_view> seen;
  for (const ast::Member& m : tree.members) {
    const auto [slot, is_new] = seen.emplace(strong_name(m.name.name), m.name.name);
    if (!is_new)
      return r_.error(
          m.name.span,
          "`" + std::string(m.name.name) + "` occurs twice in `" + std::string(tree.name.name) +
              "`" +
              (slot->second == m.name.name ? "" : " (upper and lower case count as the same)"));
  }
  return {};
}

Result<TypeBody> TypeScope::body(const ast::Type& tree) {
  SKIFF_TRY(members(tree));
  switch (tree.kind) {
    case ast::Type::Kind::Record: {
      Record t;
      for (const ast::Member& m : tree.members)
        t.fields.push_back({std::string(m.name.name), SKIFF_TRY(type(*m.type)), m.docs});
      return t;
    }
    case ast::Type::Kind::Variant: {
      Variant t;
      for (const ast::Member& m : tree.members) {
        Case c{std::string(m.name.name), std::nullopt, m.docs};
        if (m.type) c.type = SKIFF_TRY(type(*m.type));
        t.cases.push_back(std::move(c));
      }
      return t;
    }
    case ast::Type::Kind::Enum: {
      Enum t;
      for (const ast::Member& m : tree.members)
        t.cases.push_back({std::string(m.name.name), m.docs});
      return t;
    }
    case ast::Type::Kind::Flags: {
      Flags t;
      for (const ast::Member& m : tree.members)
        t.flags.push_back({std::string(m.name.name), m.docs});
      return t;
    }
    case ast::Type::Kind::Resource:
      return Resource{};
    case ast::Type::Kind::Alias:
      break;
  }
  return type_body(tree.alias);
}

Status TypeScope::define_type(const ast::Type& tree) {
  TypeBody body = SKIFF_TRY(this->body(tree));
  const TypeId id =
      add_type({std::string(tree.name.name), std::move(body), owner_, tree.attributes});
  by_name_.insert(std::string(tree.name.name), id);
  return {};
}

// ---- type expressions

Result<Type> TypeScope::named(const ast::Ident& name) {
  if (const TypeId* id = by_name_.find(name.name)) return Type(*id);
  if (name.name == "error-context") {
    if (r_.options_.features.has(Feature::CmErrorContext)) return Type(Primitive::ErrorContext);
    return std::unexpected(r_.sources_.error(ErrorCode::FeatureDisabled, name.span,
                                             "`error-context` is not enabled",
                                             "enable it with --features cm-error-context"));
  }
  if (const auto off = off_.find(name.name); off != off_.end())
    return r_.error(
        name.span,
        "`" + std::string(name.name) + "` is part of the feature `" + off->second +
            "`, which is not enabled",
        "enable the feature, or put @unstable(feature = " + off->second + ") before this item");
  std::vector<std::string> names;
  for (const auto& [n, id] : by_name_) names.push_back(n);
  const std::string near = nearest(name.name, names);
  return r_.error(
      name.span, "type `" + std::string(name.name) + "` is not defined",
      near.empty() ? "define it, or bring it in with `use`" : "did you mean `" + near + "`?");
}

Result<TypeId> TypeScope::resource(const ast::Ident& name) {
  const Type type = SKIFF_TRY(named(name));
  const Type target = r_.out_.resolve_alias(type);
  const TypeId* id = std::get_if<TypeId>(&target);
  if (!id || !std::holds_alternative<Resource>(r_.out_[*id].body))
    return r_.error(name.span, "`" + std::string(name.name) + "` is not a resource",
                    "handles are of resources only");
  return std::get<TypeId>(type);
}

Result<Type> TypeScope::type(const ast::TypeExpr& tree) {
  if (tree.kind == ast::TypeExpr::Kind::Primitive) return Type(tree.primitive);
  if (tree.kind == ast::TypeExpr::Kind::Name) {
    const Type type = SKIFF_TRY(named(tree.name));
    const Type target = r_.out_.resolve_alias(type);
    const TypeId* id = std::get_if<TypeId>(&target);
    // A resource where a value is meant is an owned handle.
    if (id && std::holds_alternative<Resource>(r_.out_[*id].body))
      return Type(intern(Own{std::get<TypeId>(type)}));
    return type;
  }
  return Type(intern(SKIFF_TRY(type_body(tree))));
}

Result<std::optional<Type>> TypeScope::optional_type(const ast::TypeExpr& tree) {
  if (tree.kind == ast::TypeExpr::Kind::Hole) return std::optional<Type>();
  return std::optional<Type>(SKIFF_TRY(type(tree)));
}

Result<TypeBody> TypeScope::type_body(const ast::TypeExpr& tree) {
  using Kind = ast::TypeExpr::Kind;
  switch (tree.kind) {
    case Kind::Primitive:
      return Alias{tree.primitive};
    case Kind::Name:
      return Alias{SKIFF_TRY(named(tree.name))};
    case Kind::Own:
      return Own{SKIFF_TRY(resource(tree.name))};
    case Kind::Borrow:
      return Borrow{SKIFF_TRY(resource(tree.name))};
    case Kind::Option:
      return Option{SKIFF_TRY(type(tree.arguments[0]))};
    case Kind::List:
      return List{SKIFF_TRY(type(tree.arguments[0])), tree.length};
    case Kind::Map: {
      const Type key = SKIFF_TRY(type(tree.arguments[0]));
      return Map{key, SKIFF_TRY(type(tree.arguments[1]))};
    }
    case Kind::Result: {
      const std::optional<Type> ok = SKIFF_TRY(optional_type(tree.arguments[0]));
      return ResultOf{ok, SKIFF_TRY(optional_type(tree.arguments[1]))};
    }
    case Kind::Tuple: {
      Tuple t;
      for (const ast::TypeExpr& argument : tree.arguments)
        t.types.push_back(SKIFF_TRY(type(argument)));
      return t;
    }
    case Kind::Stream:
    case Kind::Future: {
      const std::optional<Type> element = SKIFF_TRY(optional_type(tree.arguments[0]));
      const TypeId* id = element ? std::get_if<TypeId>(&*element) : nullptr;
      if (id && r_.borrows_[id->index])
        return r_.error(tree.span, "the elements of a stream or future hold a `borrow`",
                        "borrowed handles live for one call only");
      if (tree.kind == Kind::Stream) return Stream{element};
      return Future{element};
    }
    case Kind::Hole:
      break;
  }
  return r_.error(tree.span, "expected a type");
}

// ---- functions

Status TypeScope::check_constructor(const ast::Func& tree, const Function& func) {
  if (!tree.result) return {};
  const TypeId* result = std::get_if<TypeId>(&*func.result);
  const ResultOf* body = result ? std::get_if<ResultOf>(&r_.out_[*result].body) : nullptr;
  const TypeId* ok = body && body->ok ? std::get_if<TypeId>(&*body->ok) : nullptr;
  const Own* own = ok ? std::get_if<Own>(&r_.out_[*ok].body) : nullptr;
  if (own && own->resource == func.resource) return {};
  const std::string name = r_.out_[func.resource].name;
  return r_.error(tree.result->span,
                  "a constructor that can fail returns `result<" + name + ", ...>`",
                  "write that, or no result at all");
}

Result<std::optional<Function>> TypeScope::function(const ast::Func& tree,
                                                    std::optional<TypeId> resource) {
  if (!SKIFF_TRY(r_.is_on(tree.attributes, r_.scopes_[scope_].package, tree.name.span)))
    return std::optional<Function>();
  Function f;
  f.kind = tree.kind;
  f.async_ = tree.async_;
  f.attributes = tree.attributes;
  if (resource) f.resource = *resource;
  const std::string owner = resource ? r_.out_[*resource].name : std::string{};
  switch (tree.kind) {
    case Function::Kind::Freestanding:
      f.name = tree.name.name;
      break;
    case Function::Kind::Method:
      f.name = "[method]" + owner + "." + std::string(tree.name.name);
      break;
    case Function::Kind::Static:
      f.name = "[static]" + owner + "." + std::string(tree.name.name);
      break;
    case Function::Kind::Constructor:
      f.name = "[constructor]" + owner;
      break;
  }
  // The freestanding functions of a world are told apart by its imports and exports.
  if (resource || std::holds_alternative<InterfaceId>(owner_))
    SKIFF_TRY(claim(f.name, tree.name.span));
  if (f.kind == Function::Kind::Method)
    f.params.push_back({"self", Type(intern(Borrow{f.resource}))});
  std::unordered_map<std::string, bool> seen;
  if (f.kind == Function::Kind::Method) seen.emplace("self", true);
  for (const ast::Param& p : tree.params) {
    if (!seen.emplace(strong_name(p.name.name), true).second)
      return r_.error(p.name.span, "function `" + f.name + "` has two parameters `" +
                                       std::string(p.name.name) + "`");
    f.params.push_back({std::string(p.name.name), SKIFF_TRY(type(p.type))});
  }
  if (tree.result) f.result = SKIFF_TRY(type(*tree.result));
  if (f.kind == Function::Kind::Constructor) {
    SKIFF_TRY(check_constructor(tree, f));
    if (!f.result) f.result = Type(intern(Own{f.resource}));
  }
  const TypeId* result = f.result ? std::get_if<TypeId>(&*f.result) : nullptr;
  if (result && r_.borrows_[result->index])
    return r_.error(tree.result->span, "the result of `" + f.name + "` holds a `borrow`",
                    "borrowed handles live for the call only; return an owned one");
  return std::optional<Function>(std::move(f));
}

}  // namespace skiff::component::wit
