// The scopes of a world, their names, facts of types.
#include "component/bindgen/plan.h"

#include <algorithm>

namespace skiff::component::bindgen {

using wit::Function;
using wit::Type;
using wit::TypeBody;
using wit::TypeId;

std::string_view core_type(Core core) {
  constexpr std::string_view kTypes[] = {"int32_t", "int64_t", "float", "double"};
  return kTypes[static_cast<int>(core)];
}

std::vector<const Function*> Scope::functions_of(std::optional<TypeId> resource) const {
  std::vector<const Function*> out;
  for (const Function* f : functions) {
    const bool free = f->kind == Function::Kind::Freestanding;
    if (resource ? !free && f->resource == *resource : free) out.push_back(f);
  }
  return out;
}

std::string function_title(const Function& function) { return function.name; }

namespace {

bool is_left_out(const Options& options, std::string_view key) {
  const std::string_view plain = key.substr(0, key.find('@'));
  const std::string_view package = key.substr(0, key.find('/'));
  return std::ranges::any_of(options.without, [&](std::string_view w) { return w == key || w == plain || w == package; });
}

}  // namespace

Result<Plan> Plan::make(const wit::Resolve& resolve, wit::WorldId world, const Options& options) {
  Plan plan(resolve, world, options);
  plan.file_name_ = identifier(plan.world().name);
  plan.collect();
  plan.choose_namespaces();
  for (Scope& scope : plan.scopes_) plan.choose_names(scope);
  for (size_t i = 0; i < plan.scopes_.size(); ++i)
    for (const TypeId type : plan.scopes_[i].types)
      if (std::holds_alternative<wit::Resource>(resolve[type].body))
        plan.resource_numbers_.emplace(std::pair(i, type), static_cast<uint32_t>(plan.resource_numbers_.size()));
  SKIFF_TRY(plan.check());
  // Scopes and types come after what they refer to: so flattening never goes deep.
  for (const Scope& scope : plan.scopes_)
    for (const TypeId type : scope.types) plan.flat(Type(type));
  return plan;
}

void Plan::add_item(const std::string& key, const wit::WorldItem& item, Scope& own) {
  if (const auto* type = std::get_if<TypeId>(&item)) return own.types.push_back(*type);
  if (const auto* function = std::get_if<Function>(&item)) return own.functions.push_back(function);
  const auto& instance = std::get<wit::WorldInterface>(item);
  const wit::Interface& interface = (*resolve_)[instance.interface];
  Scope scope;
  scope.exported = own.exported;
  scope.ours = own.ours;
  scope.key = scope.title = key;
  scope.interface = instance.interface;
  scope.docs = interface.attributes.docs;
  scope.left_out = !scope.exported && is_left_out(options_, key);
  for (const auto& [name, type] : interface.types) scope.types.push_back(type);
  for (const auto& [name, function] : interface.functions) scope.functions.push_back(&function);
  scopes_.push_back(std::move(scope));
}

void Plan::collect() {
  for (const bool exported : {false, true}) {
    Scope own;
    own.exported = exported;
    own.ours = exported == (options_.side == Side::Guest);
    own.title = "world " + resolve_->name_of(world_);
    own.docs = exported ? "" : world().attributes.docs;
    for (const auto& [key, item] : exported ? world().exports : world().imports) add_item(key, item, own);
    if (!own.empty()) scopes_.push_back(std::move(own));
  }
}

// ns::package::interface; with the version where two of the same name would meet.
void Plan::choose_namespaces() {
  const wit::Package& home = (*resolve_)[world().package];
  const auto segments = [](std::vector<std::string>& out, std::string_view names, char separator) {
    for (size_t at = 0; at <= names.size();) {
      const size_t end = std::min(names.find(separator, at), names.size());
      const std::string_view part = names.substr(at, end - at);
      out.push_back(out.empty() ? top_namespace(part) : identifier(part));
      at = end + 1;
    }
  };
  std::map<std::vector<std::string>, std::vector<Scope*>> used;
  for (Scope& scope : scopes_) {
    const bool named = scope.key.find(':') != std::string::npos;
    const wit::PackageName& package =
        named && scope.interface ? (*resolve_)[*(*resolve_)[*scope.interface].package].name : home.name;
    std::vector<std::string>& ns = scope.namespaces;
    segments(ns, package.ns, ':');
    segments(ns, package.name, '/');
    ns.push_back(identifier(named && scope.interface ? (*resolve_)[*scope.interface].name : world().name));
    if (!named && scope.interface) ns.push_back(identifier(scope.key));
    if (scope.exported) ns.insert(ns.begin(), "exports");
    used[ns].push_back(&scope);
  }
  for (auto& [ns, scopes] : used) {
    if (scopes.size() < 2) continue;
    for (Scope* scope : scopes) {
      const size_t at = scope->key.find('@');
      if (at == std::string::npos) continue;
      std::string version = "_" + scope->key.substr(at + 1);
      for (char& c : version)
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) c = '_';
      scope->namespaces.back() += version;
    }
  }
}

void Plan::choose_names(Scope& scope) {
  NameSet names;
  for (const TypeId type : scope.types)
    scope.type_names.emplace(type, names.add(identifier((*resolve_)[type].name)));
  for (const Function* f : scope.functions_of(std::nullopt))
    scope.function_names.emplace(f, names.add(identifier(f->item_name())));
  for (const TypeId type : scope.types) {
    const auto& body = (*resolve_)[type].body;
    if (const auto* variant = std::get_if<wit::Variant>(&body))
      for (const wit::Case& c : variant->cases) scope.shadowed.insert(identifier(c.name));
    if (const auto* record = std::get_if<wit::Record>(&body))
      for (const wit::Field& f : record->fields) scope.shadowed.insert(identifier(f.name));
    if (!std::holds_alternative<wit::Resource>(body)) continue;
    NameSet members;
    members.add(scope.type_names.at(type));  // would be a constructor
    for (const char* taken : {"resource", "kType", "construct", "make"}) members.add(taken);
    for (const Function* f : scope.functions_of(type)) {
      if (f->kind == Function::Kind::Constructor) continue;
      const std::string& name = scope.function_names.emplace(f, members.add(identifier(f->item_name()))).first->second;
      scope.shadowed.insert(name);
    }
  }
}

// ---- what can be done

// Named types inside are checked where they are defined.
Status Plan::check_type(const Type& type, const std::string& where, bool top) const {
  const auto refuse = [&](const char* what) {
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, where + ": C++ bindings have no type for " + what);
  };
  if (const auto* p = std::get_if<Primitive>(&type)) {
    if (*p == Primitive::ErrorContext) return refuse("error contexts");
    return {};
  }
  const TypeBody& body = (*resolve_)[std::get<TypeId>(type)].body;
  if (std::holds_alternative<wit::Stream>(body)) return refuse("streams");
  if (std::holds_alternative<wit::Future>(body)) return refuse("futures");
  if (std::holds_alternative<wit::Own>(body) || std::holds_alternative<wit::Borrow>(body)) return {};
  if (!top && !(*resolve_)[std::get<TypeId>(type)].name.empty()) return {};
  Status status;
  wit::each_type(body, [&](const Type& part) {
    if (status) status = check_type(part, where, false);
  });
  return status;
}

// What somebody else provides, only they can make sense of.
Status Plan::check_resources(const Function& f, const Scope& scope, const std::string& where) const {
  const auto foreign = [&](const Type& t) {
    const auto* id = std::get_if<TypeId>(&t);
    if (!id) return false;
    const TypeBody& body = (*resolve_)[*id].body;
    const auto* own = std::get_if<wit::Own>(&body);
    const auto* borrow = std::get_if<wit::Borrow>(&body);
    return (own && resource(own->resource, scope).scope->left_out) ||
           (borrow && resource(borrow->resource, scope).scope->left_out);
  };
  bool found = f.result && any_part(*f.result, foreign);
  for (const wit::Param& p : f.params) found = found || any_part(p.type, foreign);
  if (!found) return {};
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex,
              where + " has resources of an interface that is left out (--without)");
}

Status Plan::check() const {
  for (const Scope& scope : scopes_) {
    for (const TypeId type : scope.types) {
      const wit::TypeDef& def = (*resolve_)[type];
      SKIFF_TRY(check_type(Type(type), scope.title + ": type `" + def.name + "`", true));
    }
    for (const Function* f : scope.functions) {
      const std::string where = scope.title + ": function `" + f->name + "`";
      if (f->async_ && options_.side == Side::Host && !scope.left_out)
        return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex,
                    where + " is async; bindings for hosts are of sync functions");
      if (!scope.left_out) SKIFF_TRY(check_resources(*f, scope, where));
      for (const wit::Param& p : f->params) SKIFF_TRY(check_type(p.type, where, false));
      if (f->result) SKIFF_TRY(check_type(*f->result, where, false));
    }
  }
  return {};
}

// ---- types

const Scope& Plan::scope_of(TypeId type, const Scope& user) const {
  const wit::Owner& owner = (*resolve_)[type].owner;
  if (const auto* interface = std::get_if<wit::InterfaceId>(&owner)) {
    if (user.interface == *interface) return user;
    const Scope* imported = nullptr;
    for (const Scope& scope : scopes_) {
      if (scope.interface != *interface) continue;
      if (scope.exported && user.exported) return scope;
      if (!scope.exported && !imported) imported = &scope;
    }
    return imported ? *imported : user;
  }
  for (const Scope& scope : scopes_)
    if (!scope.interface && !scope.exported) return scope;
  return user;
}

Plan::Origin Plan::resource(TypeId type, const Scope& user) const {
  const Scope* scope = &scope_of(type, user);
  while (const auto* alias = std::get_if<wit::Alias>(&(*resolve_)[type].body)) {
    const auto* next = std::get_if<TypeId>(&alias->type);
    if (!next) break;
    type = *next;
    scope = &scope_of(type, *scope);
  }
  return {type, scope};
}

uint32_t Plan::resource_number(const Origin& resource) const {
  return resource_numbers_.at({static_cast<size_t>(resource.scope - scopes_.data()), resource.type});
}

std::string Plan::full_namespace(const Scope& scope) const {
  std::string out = options_.root.empty() ? "" : "::" + options_.root;
  for (const std::string& part : scope.namespaces) out += "::" + part;
  return out;
}

std::string Plan::name(TypeId named, const Scope& user) const {
  const Scope& scope = scope_of(named, user);
  const std::string& own = scope.type_names.at(named);
  if (&scope == &user && !scope.shadowed.contains(own)) return own;
  return full_namespace(scope) + "::" + own;
}

std::string Plan::maybe_value(const std::optional<Type>& type, const Scope& user) const {
  return type ? value(*type, user) : "void";
}

std::string Plan::value(const Type& type, const Scope& user) const {
  if (const auto* p = std::get_if<Primitive>(&type)) {
    switch (*p) {
      case Primitive::Bool: return "bool";
      case Primitive::S8: return "int8_t";
      case Primitive::U8: return "uint8_t";
      case Primitive::S16: return "int16_t";
      case Primitive::U16: return "uint16_t";
      case Primitive::S32: return "int32_t";
      case Primitive::U32: return "uint32_t";
      case Primitive::S64: return "int64_t";
      case Primitive::U64: return "uint64_t";
      case Primitive::F32: return "float";
      case Primitive::F64: return "double";
      case Primitive::Char: return "char32_t";
      case Primitive::String: return "std::string";
      case Primitive::ErrorContext: break;
    }
    return "void";
  }
  const TypeId id = std::get<TypeId>(type);
  const wit::TypeDef& def = (*resolve_)[id];
  return def.name.empty() ? anonymous(def.body, user) : name(id, user);
}

std::string Plan::anonymous(const TypeBody& body, const Scope& user) const {
  const char* const runtime = options_.side == Side::Guest ? "wit" : "skiff::bind";
  if (const auto* own = std::get_if<wit::Own>(&body)) {
    const std::string r = name(own->resource, user);
    return resource(own->resource, user).scope->ours ? "std::unique_ptr<" + r + ">" : r;
  }
  if (const auto* borrow = std::get_if<wit::Borrow>(&body)) {
    const std::string r = name(borrow->resource, user);
    if (!resource(borrow->resource, user).scope->ours) return std::string(runtime) + "::borrow<" + r + ">";
    return options_.side == Side::Guest ? r + "*" : "skiff::bind::Borrowed<" + r + ">";
  }
  if (const auto* tuple = std::get_if<wit::Tuple>(&body)) {
    std::string out = "std::tuple<";
    for (size_t i = 0; i < tuple->types.size(); ++i) out += (i ? ", " : "") + value(tuple->types[i], user);
    return out + ">";
  }
  if (const auto* option = std::get_if<wit::Option>(&body)) return "std::optional<" + value(option->type, user) + ">";
  if (const auto* result = std::get_if<wit::ResultOf>(&body))
    return "std::expected<" + maybe_value(result->ok, user) + ", " +
           (result->error ? value(*result->error, user) : "std::monostate") + ">";
  if (const auto* list = std::get_if<wit::List>(&body)) {
    const std::string element = value(list->element, user);
    if (!list->length) return "std::vector<" + element + ">";
    const std::string length = std::to_string(*list->length);
    return (options_.side == Side::Guest ? "std::array<" : "skiff::bind::FixedList<") + element + ", " + length + ">";
  }
  if (const auto* map = std::get_if<wit::Map>(&body)) {
    const std::string pair = value(map->key, user) + ", " + value(map->value, user);
    return options_.side == Side::Guest ? "std::vector<std::tuple<" + pair + ">>" : "skiff::bind::Map<" + pair + ">";
  }
  if (const auto* alias = std::get_if<wit::Alias>(&body)) return value(alias->type, user);
  return "void";
}

std::string Plan::alias_target(TypeId type, const Scope& scope) const {
  const auto* alias = std::get_if<wit::Alias>(&(*resolve_)[type].body);
  if (!alias) return anonymous((*resolve_)[type].body, scope);
  const auto* id = std::get_if<TypeId>(&alias->type);
  // A used name is the same name here: it needs the other's in full.
  if (id && !(*resolve_)[*id].name.empty()) {
    const Scope& from = scope_of(*id, scope);
    return full_namespace(from) + "::" + from.type_names.at(*id);
  }
  return value(alias->type, scope);
}

const TypeBody* Plan::body(const Type& type) const {
  const Type end = resolve_->resolve_alias(type);
  const auto* id = std::get_if<TypeId>(&end);
  return id ? &(*resolve_)[*id].body : nullptr;
}

bool Plan::is_string(const Type& type) const {
  const Type end = resolve_->resolve_alias(type);
  const auto* p = std::get_if<Primitive>(&end);
  return p && *p == Primitive::String;
}

bool Plan::is_plain(const Type& type) const {
  const Type end = resolve_->resolve_alias(type);
  const auto* p = std::get_if<Primitive>(&end);
  return p && *p != Primitive::Bool && *p != Primitive::Char && *p != Primitive::String &&
         *p != Primitive::ErrorContext;
}

// Each type once, however often it occurs.
template <class F>
bool Plan::any_part(const Type& type, F test) const {
  std::set<TypeId> seen;
  std::vector<Type> work{type};
  while (!work.empty()) {
    const Type next = work.back();
    work.pop_back();
    if (test(next)) return true;
    const auto* id = std::get_if<TypeId>(&next);
    if (id && seen.insert(*id).second)
      wit::each_type((*resolve_)[*id].body, [&](const Type& part) { work.push_back(part); });
  }
  return false;
}

bool Plan::has_own(const Type& type) const {
  return any_part(type, [&](const Type& t) {
    const auto* id = std::get_if<TypeId>(&t);
    return id && std::holds_alternative<wit::Own>((*resolve_)[*id].body);
  });
}

bool Plan::has_pointer(const Type& type) const {
  return any_part(type, [&](const Type& t) {
    if (const auto* p = std::get_if<Primitive>(&t)) return *p == Primitive::String;
    const TypeBody& b = (*resolve_)[std::get<TypeId>(t)].body;
    const auto* list = std::get_if<wit::List>(&b);
    return (list && !list->length) || std::holds_alternative<wit::Map>(b);
  });
}

// ---- flattening

namespace {

Core join(Core a, Core b) {
  if (a == b) return a;
  const bool narrow = (a == Core::I32 || a == Core::F32) && (b == Core::I32 || b == Core::F32);
  return narrow ? Core::I32 : Core::I64;
}

}  // namespace

// Stops soon after kMaxFlat: what does not fit goes through memory.
void Plan::flatten(const Type& type, Flat& out) const {
  if (out.size() > kMaxFlat) return;
  if (const auto* p = std::get_if<Primitive>(&type)) {
    switch (*p) {
      case Primitive::S64:
      case Primitive::U64: return out.push_back(Core::I64);
      case Primitive::F32: return out.push_back(Core::F32);
      case Primitive::F64: return out.push_back(Core::F64);
      case Primitive::String: return void(out.insert(out.end(), 2, Core::I32));
      default: return out.push_back(Core::I32);
    }
  }
  const TypeId id = std::get<TypeId>(type);
  auto found = flats_.find(id);
  if (found == flats_.end()) {
    Flat one;
    flatten_body((*resolve_)[id].body, one);
    found = flats_.emplace(id, std::move(one)).first;
  }
  out.insert(out.end(), found->second.begin(), found->second.end());
}

void Plan::flatten_body(const TypeBody& b, Flat& out) const {
  std::vector<std::optional<Type>> cases;
  if (const auto* record = std::get_if<wit::Record>(&b)) {
    for (const wit::Field& f : record->fields) flatten(f.type, out);
    return;
  }
  if (const auto* tuple = std::get_if<wit::Tuple>(&b)) {
    for (const Type& t : tuple->types) flatten(t, out);
    return;
  }
  if (const auto* alias = std::get_if<wit::Alias>(&b)) return flatten(alias->type, out);
  if (const auto* list = std::get_if<wit::List>(&b); list && list->length) {
    for (uint32_t i = 0; i < *list->length && out.size() <= kMaxFlat; ++i) flatten(list->element, out);
    return;
  }
  if (std::holds_alternative<wit::List>(b) || std::holds_alternative<wit::Map>(b))
    return void(out.insert(out.end(), 2, Core::I32));
  if (const auto* variant = std::get_if<wit::Variant>(&b)) {
    for (const wit::Case& c : variant->cases) cases.push_back(c.type);
  } else if (const auto* option = std::get_if<wit::Option>(&b)) {
    cases = {std::nullopt, option->type};
  } else if (const auto* result = std::get_if<wit::ResultOf>(&b)) {
    cases = {result->ok, result->error};
  } else {
    return out.push_back(Core::I32);  // enums, flags, handles
  }
  out.push_back(Core::I32);
  Flat joined;
  for (const auto& c : cases) {
    const Flat one = flat(c);
    for (size_t i = 0; i < one.size(); ++i) {
      if (i < joined.size()) joined[i] = join(joined[i], one[i]);
      else joined.push_back(one[i]);
    }
  }
  out.insert(out.end(), joined.begin(), joined.end());
}

Flat Plan::flat(const std::optional<Type>& type) const {
  Flat out;
  if (type) flatten(*type, out);
  return out;
}

// ---- parameters

std::vector<ParamInfo> params_of(const Plan& plan, const Function& function, const Scope& scope) {
  std::vector<ParamInfo> out;
  NameSet names;
  for (const auto& [type, name] : scope.type_names) names.add(name);
  for (const char* taken : {"call", "in", "self"}) names.add(taken);
  for (size_t i = function.kind == Function::Kind::Method ? 1 : 0; i < function.params.size(); ++i) {
    const wit::Param& param = function.params[i];
    ParamInfo p;
    p.name = names.add(identifier(param.name));
    p.stored = p.declared = plan.value(param.type, scope);
    p.passing = Passing::Value;
    const TypeBody* body = plan.body(param.type);
    const auto handle = [&](TypeId resource, Passing passing) {
      p.passing = passing;
      p.resource = plan.name(resource, scope);
      p.ours = plan.resource(resource, scope).scope->ours;
    };
    if (!body) {
      if (plan.is_string(param.type)) p.passing = Passing::View, p.declared = "std::string_view";
    } else if (const auto* own = std::get_if<wit::Own>(body)) {
      handle(own->resource, Passing::Own);
    } else if (const auto* borrow = std::get_if<wit::Borrow>(body)) {
      handle(borrow->resource, Passing::Borrow);
      p.declared = (p.ours ? "" : "const ") + p.resource + "&";
    } else if (plan.has_own(param.type) || std::holds_alternative<wit::Enum>(*body) ||
               std::holds_alternative<wit::Flags>(*body)) {
      // By value.
    } else if (const auto* list = std::get_if<wit::List>(body); list && !list->length) {
      p.element = plan.value(list->element, scope);
      const Type element = plan.resolve().resolve_alias(list->element);
      if (element == Type(Primitive::Bool)) {
        p.passing = Passing::Reference;
        p.declared = "const " + p.stored + "&";
      } else {
        p.passing = Passing::Span;
        p.plain = plan.is_plain(list->element);
        p.declared = "std::span<const " + p.element + ">";
      }
    } else {
      p.passing = Passing::Reference;
      p.declared = "const " + p.stored + "&";
    }
    out.push_back(std::move(p));
  }
  return out;
}

std::string declare(const std::vector<ParamInfo>& params) {
  std::string out;
  for (const ParamInfo& p : params) out += (out.empty() ? "" : ", ") + p.declared + " " + p.name;
  return out;
}

}  // namespace skiff::component::bindgen
