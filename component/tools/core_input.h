// A core module on its way into a component: what each of its imports stands for.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "component/tools/core_names.h"
#include "component/tools/needs.h"
#include "component/wit/decode.h"

namespace skiff::component::tools {

/// One import of a core module and where it comes from.
struct CoreUse {
  /// Transfer: a function of transfer_module (glue.h).
  enum class From : uint8_t { World, Adapter, Main, MainMemory, Transfer };
  From from = From::World;
  const Import* import = nullptr;
  const skiff::FuncType* type = nullptr;    // of functions
  CoreImportName name;                      // World
  std::string key;                          // World: of the item, empty for the world's own
  const wit::Function* function = nullptr;  // World: Lower, TaskReturn
  wit::TypeId resource;                     // World: Resource*
  std::optional<wit::TypeId> payload;       // World: Payload, unless it is a unit's
  size_t adapter = 0;                       // Adapter
  Needs needs;
  /// Function of the shim that stands for it.
  std::optional<uint32_t> shim;
};

struct CoreInput {
  std::string name;  // of adapters; empty: the main module
  std::vector<uint8_t> binary;
  Module module;
  StringEncoding strings = StringEncoding::Utf8;
  std::vector<CoreUse> uses;
  std::unordered_map<std::string_view, const Export*> exports;
  uint32_t instance = 0;  // once it is instantiated

  bool is_main() const { return name.empty(); }
  /// An adapter that does not work in the main module's memory.
  bool has_own_memory() const;
  /// The first of the names that it exports as a function, or empty.
  std::string find_function(std::initializer_list<std::string> names) const;
  /// The key under which it exports functions of an interface: the world's, or one in a compatible
  /// version.
  std::string export_key(const std::string& key) const;
  const skiff::FuncType& function_type(uint32_t index) const;
};

/// Finds out what the imports stand for. `inputs`: the main module, then the adapters.
/// Errors: UnknownImport.
Status resolve_uses(const wit::Resolve& resolve, wit::WorldId world,
                    std::vector<CoreInput>& inputs);

}  // namespace skiff::component::tools
