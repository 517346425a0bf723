// The model of resolved WIT: arenas of packages, interfaces, worlds and types that refer to each
// other by index. Made by resolve.h from text or by decode.h from a component binary; read by the
// printer, the JSON writer, the encoder, bindgen and the component tools. Always holds, whoever
// made it:
//  - every id is valid; packages, and types within their owner, come after what they refer to;
//  - feature gates are applied: what is switched off is absent;
//  - worlds are elaborated: includes are merged, and every interface that an item uses types of is
//  imported
//    (or, for exports, exported) before that item;
//  - names are labels, unique in their scope in the strong sense (name.h).
// A plain value: copying copies everything. Thread: immutable once made. Spec: Component Model,
// WIT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "component/types/component.h"
#include "component/wit/ordered_map.h"
#include "component/wit/version.h"

namespace skiff::component::wit {

/// An index into one of Resolve's arenas.
template <class T>
struct Id {
  uint32_t index = 0;
  auto operator<=>(const Id&) const = default;
};
struct Package;
struct Interface;
struct World;
struct TypeDef;
using PackageId = Id<Package>;
using InterfaceId = Id<Interface>;
using WorldId = Id<World>;
using TypeId = Id<TypeDef>;

/// A type where one is used: a primitive, or a type of the arena. A TypeId of a resource stands for
/// the resource itself and occurs only in aliases; values of it are Handles.
using Type = std::variant<Primitive, TypeId>;

/// Feature gates of an item. Spec: WIT.md, Feature Gates.
struct Stability {
  enum class Kind : uint8_t { Unknown, Stable, Unstable };
  Kind kind = Kind::Unknown;
  Version since;                      // Stable: @since(version = ...)
  std::string feature;                // Unstable: @unstable(feature = ...)
  std::optional<Version> deprecated;  // @deprecated(version = ...)
  bool operator==(const Stability&) const = default;
};

/// What can stand before any item.
struct Attributes {
  std::string docs;  // text of the doc comments, lines joined by '\n'; may be empty
  Stability stability;
  std::optional<std::string> external_id;  // @external-id("...")
};

// ---- types. Spec: WIT.md, Types.

struct Field {
  std::string name;
  Type type;
  std::string docs;
};
struct Case {
  std::string name;
  std::optional<Type> type;
  std::string docs;
};
struct Label {
  std::string name;
  std::string docs;
};
struct Record {
  std::vector<Field> fields;
};
struct Variant {
  std::vector<Case> cases;
};
struct Enum {
  std::vector<Label> cases;
};
struct Flags {
  std::vector<Label> flags;
};
struct Resource {};
struct Own {
  TypeId resource;
};
struct Borrow {
  TypeId resource;
};
struct Tuple {
  std::vector<Type> types;
};
struct Option {
  Type type;
};
struct ResultOf {
  std::optional<Type> ok, error;
};
struct List {
  Type element;
  std::optional<uint32_t> length;
};  // with a length: fixed-length list
struct Map {
  Type key, value;
};
struct Stream {
  std::optional<Type> element;
};
struct Future {
  std::optional<Type> element;
};
/// `type a = b`, and every name brought in by `use`.
struct Alias {
  Type type;
};
using TypeBody = std::variant<Record, Variant, Enum, Flags, Resource, Own, Borrow, Tuple, Option,
                              ResultOf, List, Map, Stream, Future, Alias>;

/// Where a named type is defined; anonymous types have no owner.
using Owner = std::variant<std::monostate, InterfaceId, WorldId>;

struct TypeDef {
  std::string name;  // empty for anonymous types
  TypeBody body;
  Owner owner;
  Attributes attributes;
};

// ---- functions

struct Param {
  std::string name;
  Type type;
};
struct Function {
  enum class Kind : uint8_t { Freestanding, Method, Static, Constructor };
  /// As in the component: "f", "[method]r.f", "[static]r.f", "[constructor]r".
  std::string name;
  Kind kind = Kind::Freestanding;
  bool async_ = false;
  TypeId resource;            // unless Freestanding
  std::vector<Param> params;  // Method: with `self` in front
  std::optional<Type> result;
  Attributes attributes;

  /// The part of the name after annotation and resource: "f"; of a constructor, the resource's
  /// name.
  std::string_view item_name() const;
};

// ---- interfaces, worlds, packages

struct Interface {
  std::string name;                  // empty: written inline in a world
  std::optional<PackageId> package;  // where `name`, or the world of an inline one, is declared
  OrderedMap<TypeId> types;
  OrderedMap<Function> functions;  // by Function::name; those of resources first, in order of types
  Attributes attributes;
};

/// An imported or exported interface. Its key in the world is the interface's full name when the
/// world names just the interface, else the plain name. A named interface under a plain name is
/// what the world `implements`.
struct WorldInterface {
  InterfaceId interface;
  Attributes attributes;
};
/// Types occur only among imports: those that the world defines or uses.
using WorldItem = std::variant<WorldInterface, TypeId, Function>;

struct World {
  std::string name;
  PackageId package;
  OrderedMap<WorldItem> imports;  // interfaces, then used types, then own types, then functions
  OrderedMap<WorldItem> exports;
  Attributes attributes;
};

/// "ns:name@version"; with nested names several namespaces ("a:b") and names ("c/d").
struct PackageName {
  std::string ns;
  std::string name;
  std::optional<Version> version;

  std::string to_string() const;
  /// "ns:name/item@version".
  std::string item(std::string_view item) const;
  bool operator==(const PackageName&) const = default;
};

struct Package {
  PackageName name;
  std::string docs;
  OrderedMap<InterfaceId> interfaces;
  OrderedMap<WorldId> worlds;
};

/// All packages of one resolution.
struct Resolve {
  std::vector<Package> packages;  // dependencies before dependents
  std::vector<Interface> interfaces;
  std::vector<World> worlds;
  std::vector<TypeDef> types;

  const Package& operator[](PackageId id) const { return packages[id.index]; }
  const Interface& operator[](InterfaceId id) const { return interfaces[id.index]; }
  const World& operator[](WorldId id) const { return worlds[id.index]; }
  const TypeDef& operator[](TypeId id) const { return types[id.index]; }
  Package& operator[](PackageId id) { return packages[id.index]; }
  Interface& operator[](InterfaceId id) { return interfaces[id.index]; }
  World& operator[](WorldId id) { return worlds[id.index]; }
  TypeDef& operator[](TypeId id) { return types[id.index]; }

  /// "wasi:io/streams@0.2.3"; empty for an inline interface.
  std::string name_of(InterfaceId id) const;
  /// "wasi:cli/command@0.2.3".
  std::string name_of(WorldId id) const;
  std::optional<PackageId> find_package(const PackageName& name) const;
  /// The interface that an import or export under a plain `key` implements: "wasi:keyvalue/store";
  /// nothing when the key is the interface's own name, or the interface is inline.
  std::optional<std::string> implements(std::string_view key, const WorldInterface& item) const;

  /// Follows aliases to the type that they stand for.
  Type resolve_alias(Type type) const;
  /// The interface that a type made by `use` comes from; nothing for other types.
  std::optional<InterfaceId> used_from(TypeId id) const;
  /// The interfaces that types of an interface come from by `use`, each once, in order of use.
  std::vector<InterfaceId> direct_deps(InterfaceId id) const;
  /// True when a value of the type holds a borrowed handle somewhere.
  bool has_borrow(Type type) const;
};

/// Calls f for each type that a type body refers to directly; handles refer to no type in this
/// sense.
template <class Body, class F>
void each_type(Body& body, F f) {
  const auto maybe = [&](auto& t) {
    if (t) f(*t);
  };
  if (auto* t = std::get_if<Record>(&body)) {
    for (auto& field : t->fields) f(field.type);
  } else if (auto* t = std::get_if<Variant>(&body)) {
    for (auto& c : t->cases) maybe(c.type);
  } else if (auto* t = std::get_if<Tuple>(&body)) {
    for (auto& element : t->types) f(element);
  } else if (auto* t = std::get_if<Option>(&body)) {
    f(t->type);
  } else if (auto* t = std::get_if<ResultOf>(&body)) {
    maybe(t->ok), maybe(t->error);
  } else if (auto* t = std::get_if<List>(&body)) {
    f(t->element);
  } else if (auto* t = std::get_if<Map>(&body)) {
    f(t->key), f(t->value);
  } else if (auto* t = std::get_if<Stream>(&body)) {
    maybe(t->element);
  } else if (auto* t = std::get_if<Future>(&body)) {
    maybe(t->element);
  } else if (auto* t = std::get_if<Alias>(&body)) {
    f(t->type);
  }
}

/// Brings packages into the order that the model promises, for those who make one by hand; packages
/// that need each other stay. Returns the new id of each old one.
std::vector<PackageId> order_packages(Resolve& resolve);

/// Finds a world: "" (the only one of `package`, the error lists them otherwise), "name" in
/// `package`, or "ns:pkg/name[@version]" in any. A missing version stands for the only package of
/// that name.
Result<WorldId> select_world(const Resolve& resolve, PackageId package, std::string_view which);

}  // namespace skiff::component::wit
