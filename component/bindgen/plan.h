// Plan: a world as C++ sees it. Scopes are what becomes a namespace: each imported and each exported interface, and
// the world's own imports and exports. Types of an interface that is imported and exported exist twice, as in the
// component model. Resources are numbered through the world.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "component/bindgen/bindgen.h"
#include "component/bindgen/names.h"

namespace skiff::component::bindgen {

/// Core value types, and what values of a type are flattened to. Spec: flatten_type, with 32-bit addresses.
enum class Core : uint8_t { I32, I64, F32, F64 };
using Flat = std::vector<Core>;
std::string_view core_type(Core core);   // "int32_t"
inline constexpr size_t kMaxFlat = 16;

struct Scope {
  bool exported = false;
  /// Its resources are implemented by whoever the bindings are for.
  bool ours = false;
  /// Somebody else provides it (Options::without).
  bool left_out = false;
  std::string key;                            // in the world; empty: the world's own items
  std::string title;                          // for comments
  std::optional<wit::InterfaceId> interface;
  std::vector<std::string> namespaces;        // without the root
  std::vector<wit::TypeId> types;             // in order of definition
  std::vector<const wit::Function*> functions;
  std::string docs;

  // Filled by Plan: C++ names.
  std::map<wit::TypeId, std::string> type_names;
  std::map<const wit::Function*, std::string> function_names;
  /// Names that mean something else inside of classes of this scope: types are written in full where they have them.
  std::set<std::string> shadowed;

  bool empty() const { return types.empty() && functions.empty(); }
  /// Methods, statics and constructors of a resource, in order; null: functions without one.
  std::vector<const wit::Function*> functions_of(std::optional<wit::TypeId> resource) const;
};

class Plan {
 public:
  static Result<Plan> make(const wit::Resolve& resolve, wit::WorldId world, const Options& options);

  const wit::Resolve& resolve() const { return *resolve_; }
  const wit::World& world() const { return (*resolve_)[world_]; }
  wit::WorldId world_id() const { return world_; }
  const Options& options() const { return options_; }
  const std::vector<Scope>& scopes() const { return scopes_; }
  /// Snake case: names of files, prefixes of C symbols.
  const std::string& file_name() const { return file_name_; }

  /// A named type's origin, through `use` and aliases of resources.
  struct Origin {
    wit::TypeId type;
    const Scope* scope;
  };
  Origin resource(wit::TypeId type, const Scope& user) const;
  uint32_t resource_number(const Origin& resource) const;
  uint32_t resource_count() const { return static_cast<uint32_t>(resource_numbers_.size()); }
  const Scope& scope_of(wit::TypeId type, const Scope& user) const;

  // C++ types.
  /// "::root::ns::pkg::iface".
  std::string full_namespace(const Scope& scope) const;
  std::string name(wit::TypeId named, const Scope& user) const;
  /// Of values that are stored: fields, elements, results.
  std::string value(const wit::Type& type, const Scope& user) const;
  /// What an alias, or a named type without a body of its own in C++, stands for.
  std::string alias_target(wit::TypeId type, const Scope& scope) const;
  std::string maybe_value(const std::optional<wit::Type>& type, const Scope& user) const;  // "void"

  // Facts of types.
  bool has_own(const wit::Type& type) const;
  bool has_pointer(const wit::Type& type) const;
  void flatten(const wit::Type& type, Flat& out) const;
  Flat flat(const std::optional<wit::Type>& type) const;
  /// Through aliases; null if it is a primitive.
  const wit::TypeBody* body(const wit::Type& type) const;
  bool is_string(const wit::Type& type) const;
  /// A number whose lists are the same in memory and in C++.
  bool is_plain(const wit::Type& type) const;

 private:
  Plan(const wit::Resolve& resolve, wit::WorldId world, const Options& options)
      : resolve_(&resolve), world_(world), options_(options) {}
  void collect();
  void add_item(const std::string& key, const wit::WorldItem& item, Scope& own);
  void choose_namespaces();
  void choose_names(Scope& scope);
  Status check() const;
  Status check_type(const wit::Type& type, const std::string& where, bool top) const;
  Status check_resources(const wit::Function& f, const Scope& scope, const std::string& where) const;
  void flatten_body(const wit::TypeBody& body, Flat& out) const;
  std::string anonymous(const wit::TypeBody& body, const Scope& user) const;
  template <class F>
  bool any_part(const wit::Type& type, F test) const;

  const wit::Resolve* resolve_;
  wit::WorldId world_;
  Options options_;
  std::string file_name_;
  std::vector<Scope> scopes_;
  std::map<std::pair<size_t, wit::TypeId>, uint32_t> resource_numbers_;
  mutable std::map<wit::TypeId, Flat> flats_;  // known ones
};

/// What a parameter is, which decides how it is passed.
enum class Passing : uint8_t {
  Value,      // by value: numbers, enums, flags, what has own handles in it
  Reference,  // const T&
  View,       // std::string_view
  Span,       // std::span<const T>
  Own,        // an own handle, by value
  Borrow,     // const R& of theirs, R& of ours
};
struct ParamInfo {
  std::string name;
  Passing passing;
  std::string stored;    // the type of the value
  std::string declared;  // the type of the parameter
  std::string element;   // Span: of the list
  bool plain = false;    // Span: elements are the same in memory
  bool ours = false;     // Own, Borrow: a resource that is implemented on this side
  std::string resource;  // Own, Borrow: its class
};
/// The parameters, without `self` of methods.
std::vector<ParamInfo> params_of(const Plan& plan, const wit::Function& function, const Scope& scope);
/// "std::string_view a, const b& c".
std::string declare(const std::vector<ParamInfo>& params);
/// Where result and parameters of a function are meant to be read: "resource.method".
std::string function_title(const wit::Function& function);

}  // namespace skiff::component::bindgen
