// Imports and exports: their names (Spec: Explainer.md, Import and Export Definitions, Name Uniqueness;
// Binary.md, Import and Export Definitions, notes), and that the types they mention have names too (Spec:
// External Visibility of Types).
#include "component/valid/validator.h"

namespace skiff::component {
namespace {

std::string_view word(Direction dir) { return dir == Direction::Import ? "import" : "export"; }

std::string_view describe(Sort sort) { return sort == Sort::CoreModule ? "module" : text_of(sort); }

}  // namespace

Status Validator::import_def(const ImportDef& d, Scope& s) {
  std::vector<ResourceId> fresh;
  const TypedItem item = SKIFF_TRY(extern_type(d.type, s, fresh));
  s.parameters.insert(s.parameters.end(), fresh.begin(), fresh.end());
  return declare(d.name, item, Direction::Import, s);
}

Status Validator::export_decl(const ExportDecl& d, Scope& s) {
  std::vector<ResourceId> fresh;
  const TypedItem item = SKIFF_TRY(extern_type(d.type, s, fresh));
  s.fresh.insert(s.fresh.end(), fresh.begin(), fresh.end());
  return declare(d.name, item, Direction::Export, s);
}

Status Validator::export_def(const ExportDef& d, Scope& s) {
  TypedItem exported = SKIFF_TRY(item(d.value, s));
  if (d.type) {
    std::vector<ResourceId> fresh;
    const TypedItem ascribed = SKIFF_TRY(extern_type(*d.type, s, fresh));
    Matcher matcher(*table_, *table_, registry_, budget_);
    SKIFF_TRY(placed(matcher.extern_type(Matcher::A, exported.type, ascribed.type),
                     "ascribed type of export is not compatible with item's type"));
    exported = ascribed;
  } else if (d.value.sort == Sort::Type) {
    exported.node = nodes_.copy(exported.node);
  }
  return declare(d.name, exported, Direction::Export, s);
}

Status Validator::declare(const ExternName& name, const TypedItem& item, Direction dir, Scope& s) {
  const size_t count = dir == Direction::Import ? s.imports.size() : s.exports.size();
  if (count >= limits::kArguments) return limit("too many imports or exports");
  NamedTypes& named = s.named[static_cast<size_t>(dir)];
  SKIFF_TRY(check_name(name, item.type, dir, named));
  if (item.type.sort == Sort::Value && dir == Direction::Export && table_->facts(item.type).has_borrow)
    return bad("exported value cannot contain a `borrow` type");
  if (s.kind != Scope::Kind::InstanceType && !publish(item.type, item.node, dir, s)) {
    if (budget_.exhausted()) return spend(1);
    return bad(std::string(describe(item.type.sort)) + " not valid to be used as " + std::string(word(dir)));
  }
  if (dir == Direction::Import) {
    s.imports.push_back({name, item.type});
    s.import_nodes.push_back(item.node);
  } else {
    s.exports.push_back({name, item.type});
    s.export_nodes.push_back(item.node);
  }
  // Values of types and values exported need no further use.
  return push(item, s, dir == Direction::Export || s.kind != Scope::Kind::Component);
}

// -------------------------------------------------------------------------------------------- names

Status Validator::check_name(const ExternName& name, const ExternType& type, Direction dir,
                             NamedTypes& named) {
  if (name.name.size() > limits::kStringSize) return limit("a name is too long");
  const ParsedName parsed = SKIFF_TRY(parse_extern_name(name.name, features_, offset_));
  if (const std::string_view* before = named.names.add(name.name)) {
    return bad(std::string(word(dir)) + " name `" + name.name + "` conflicts with previous name `" +
               std::string(*before) + "`");
  }
  SKIFF_TRY(check_attributes(name, parsed, type));
  SKIFF_TRY(check_annotation(parsed, type, named));
  if (type.sort == Sort::Type && type.type.kind == AnyType::Kind::Resource &&
      parsed.kind == ParsedName::Kind::Label)
    named.resources.emplace(name.name, type.type.id);
  return {};
}

Status Validator::check_annotation(const ParsedName& name, const ExternType& type, const NamedTypes& named) {
  using Kind = ParsedName::Kind;
  if (name.kind == Kind::Label || name.kind == Kind::Interface) return {};
  if (type.sort != Sort::Func) return bad("item with the name of a function is not a func");
  const auto resource = named.resources.find(std::string(name.resource));
  const bool known = resource != named.resources.end();
  // `found`: the resource that the function's type has where the one of the name should be.
  auto expect = [&](ResourceId found) -> Status {
    if (known && resource->second == found) return {};
    for (const auto& [other, id] : named.resources)
      if (id == found) return bad("function does not match expected resource name `" + other + "`");
    return bad("resource used in function does not have a name in this context");
  };
  const auto& func = table_->get<FuncType>(type.id);
  if (name.kind == Kind::Static) {
    if (!known) return bad("static resource name is not known in this context");
    return {};
  }
  if (name.kind == Kind::Method) {
    if (func.params.empty()) return bad("function should have at least one argument");
    if (func.params[0].label != "self")
      return bad("function should have a first argument called `self`");
    const BorrowType* self = table_->get_if<BorrowType>(func.params[0].type);
    if (!self) return bad("function should take a first argument of `(borrow $T)`");
    return expect(self->resource);
  }
  if (!func.result) return bad("function should return one value");
  ValType made = *func.result;
  if (const ResultType* result = table_->get_if<ResultType>(made); result && result->ok) made = *result->ok;
  const OwnType* own = table_->get_if<OwnType>(made);
  if (!own) return bad("function should return `(own $T)` or `(result (own $T))`");
  return expect(own->resource);
}

Status Validator::check_attributes(const ExternName& name, const ParsedName& parsed, const ExternType& type) {
  if (name.implements || name.external_id)
    SKIFF_TRY(need(Feature::CmImplements, "an attribute of a name"));
  if (name.implements) {
    const std::string& interface = *name.implements;
    if (interface.find(':') == std::string::npos) {
      if (!is_label(interface)) return bad("`implements` with `" + interface + "`: not a valid name");
      return bad("`implements` with `" + interface + "`: must be an interface");
    }
    SKIFF_TRY(parse_extern_name(interface, features_, offset_));
    if (type.sort != Sort::Instance) return bad("only instances can have an `implements`");
    if (parsed.kind != ParsedName::Kind::Label)
      return bad("name `" + name.name + "` is not valid with `implements`");
  }
  if (name.version_suffix) {
    SKIFF_TRY(need(Feature::CmCanonicalNames, "a version suffix"));
    if (parsed.kind != ParsedName::Kind::Interface || !is_canonical_version(parsed.version))
      return bad("a version suffix needs an interface name with a canonical version");
    if (!is_semver(std::string(parsed.version) + *name.version_suffix))
      return bad("version and version suffix are not a valid semver");
  }
  return {};
}

// ------------------------------------------------------------------------------------- visibility

// A type mentioned: it, or all its parts, must have names. Names are only ever added, so what was found
// visible once stays so.
bool Validator::visible(NodeId node, Direction dir, Scope& s) {
  if (node == kNoNode) return true;
  auto& known = s.named[static_cast<size_t>(dir)].visible;
  if (known.contains(node)) return true;
  if (nodes_.kind(node) != Nodes::Kind::Plain || !parts_visible(node, dir, s)) return false;
  known.insert(node);
  return true;
}

bool Validator::parts_visible(NodeId node, Direction dir, Scope& s) {
  if (node == kNoNode) return true;
  const auto children = nodes_.children(node);
  if (!budget_.spend(1 + children.size())) return false;
  for (NodeId child : children)
    if (!visible(child, dir, s)) return false;
  return true;
}

// A type that gets a name itself.
bool Validator::type_visible(const AnyType& type, NodeId node, Direction dir, Scope& s) {
  if (node == kNoNode) return true;
  switch (type.kind) {
    case AnyType::Kind::Resource:
    case AnyType::Kind::Component: return true;  // checked when it was made
    case AnyType::Kind::Value:
    case AnyType::Kind::Func: return parts_visible(node, dir, s);
    case AnyType::Kind::Instance: break;
  }
  const auto& instance = table_->get<InstanceType>(type.id);
  if (!budget_.spend(1 + instance.exports.size())) return false;
  for (size_t i = 0; i < instance.exports.size(); ++i) {
    const ExternType& e = instance.exports[i].type;
    const NodeId child = nodes_.child(node, i);
    AnyType any = e.type;
    if (e.sort == Sort::Instance) any = {AnyType::Kind::Instance, {}, e.id};
    const bool ok = e.sort == Sort::Func || e.sort == Sort::Value ? visible(child, dir, s)
                    : e.sort == Sort::Type || e.sort == Sort::Instance ? type_visible(any, child, dir, s)
                                                                       : true;
    if (!ok) return false;
  }
  return true;
}

// Checks an import or export and gives names to the types that it brings, those in instances included.
bool Validator::publish(const ExternType& type, NodeId node, Direction dir, Scope& s) {
  if (node == kNoNode) return true;
  switch (type.sort) {
    case Sort::Func: return parts_visible(node, dir, s);
    case Sort::Value: return visible(node, dir, s);
    case Sort::Type:
      if (!type_visible(type.type, node, dir, s)) return false;
      s.named[static_cast<size_t>(Direction::Export)].visible.insert(node);
      if (dir == Direction::Import) s.named[static_cast<size_t>(dir)].visible.insert(node);
      return true;
    case Sort::Instance: {
      const auto& instance = table_->get<InstanceType>(type.id);
      if (!budget_.spend(1 + instance.exports.size())) return false;
      for (size_t i = 0; i < instance.exports.size(); ++i)
        if (!publish(instance.exports[i].type, nodes_.child(node, i), dir, s)) return false;
      return true;
    }
    case Sort::Component:
    case Sort::CoreModule: return true;
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreType:
    case Sort::CoreInstance: break;
  }
  return true;
}

}  // namespace skiff::component
