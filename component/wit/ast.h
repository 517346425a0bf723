// What one WIT file says, before names are resolved. Made by parser.h, read by resolve.cc and its
// parts. Names are views into the SourceMap. Spec: WIT.md, from "Top-level items" on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "component/wit/model.h"
#include "component/wit/source.h"

namespace skiff::component::wit::ast {

struct Ident {
  std::string_view name;
  Span span;
};

/// `item`, or `ns:pkg/item@version`. Spec: use-path.
struct UsePath {
  std::optional<PackageName> package;  // absent: an item of this file or package
  Ident item;
  Span span;  // the whole path
};

/// A type expression. The depth is bounded by the parser.
struct TypeExpr {
  enum class Kind : uint8_t {
    Primitive,
    Name,
    List,
    Option,
    Result,
    Tuple,
    Map,
    Own,
    Borrow,
    Stream,
    Future,
    Hole,  // absent argument of `result`, `stream`, `future`
  };
  Kind kind = Kind::Hole;
  Primitive primitive = Primitive::Bool;
  Ident name;                       // Name, Own, Borrow
  std::vector<TypeExpr> arguments;  // Result: always two
  std::optional<uint32_t> length;   // List
  Span span;
};

struct Param {
  Ident name;
  TypeExpr type;
};
struct Func {
  Ident name;  // the constructor's is that of its keyword
  Function::Kind kind = Function::Kind::Freestanding;
  bool async_ = false;
  std::vector<Param> params;
  std::optional<TypeExpr> result;
  Attributes attributes;
};

/// A field, case or flag.
struct Member {
  Ident name;
  std::optional<TypeExpr> type;
  std::string docs;
};
struct Type {
  enum class Kind : uint8_t { Record, Variant, Enum, Flags, Resource, Alias };
  Kind kind = Kind::Alias;
  Ident name;
  std::vector<Member> members;  // Record, Variant, Enum, Flags
  std::vector<Func> functions;  // Resource
  TypeExpr alias;               // Alias
  Attributes attributes;
};

struct UseName {
  Ident name;
  Ident as;  // equal to `name` without `as`
};
struct Use {
  UsePath from;
  std::vector<UseName> names;
  Attributes attributes;
};

using InterfaceItem = std::variant<Use, Type, Func>;
struct Interface {
  Ident name;  // empty for inline ones
  std::vector<InterfaceItem> items;
  Attributes attributes;
};

/// import, export
struct Extern {
  bool is_export = false;
  std::optional<Ident> name;  // absent: a path alone
  std::variant<UsePath, Func, Interface> what;
  Attributes attributes;
};
struct Include {
  UsePath world;
  std::vector<UseName> with;
  Attributes attributes;
};
using WorldItem = std::variant<Use, Type, Extern, Include>;
struct World {
  Ident name;
  std::vector<WorldItem> items;
  Attributes attributes;
};

struct TopLevelUse {
  UsePath path;
  Ident as;
};
using Item = std::variant<TopLevelUse, Interface, World>;

/// A file, or the body of a nested package: one scope of names.
struct Scope {
  std::optional<PackageName> package;  // absent in files that leave it to their siblings
  Span package_span;
  std::string docs;
  std::vector<Item> items;
  Span body;  // nested: what is between the braces
};
struct File {
  uint32_t file = 0;
  Scope scope;
  std::vector<Scope> nested;
};

}  // namespace skiff::component::wit::ast
