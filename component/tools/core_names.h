// Names by which core modules made for components import and export: the legacy scheme of the
// toolchains ("wasi:io/poll@0.2.0" "poll", "[resource-drop]pollable", "iface#func", "cabi_post_f")
// and the standard one of 32-bit modules ("cm32p2|wasi:io/poll@0.2", "pollable_drop"). Names only:
// what they stand for is looked up in the world by the caller.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/types/component.h"

namespace skiff::component::tools {

/// What an import of a core module asks for.
struct CoreImportName {
  enum class Kind : uint8_t {
    Lower,
    ResourceDrop,
    ResourceNew,
    ResourceRep,
    TaskReturn,
    Builtin,
    Payload
  };
  Kind kind = Kind::Lower;
  /// Concerns a resource or function that the world exports.
  bool exported = false;
  /// Lower: with the asynchronous ABI; Builtin: the option.
  bool async_ = false;
  bool cancellable = false;
  /// The key in the world; empty for what belongs to the world itself.
  std::string key;
  /// Function or resource.
  std::string name;
  CanonKind builtin = CanonKind::Lower;  // Builtin, Payload
  /// context.get, context.set: the slot. Payload: which of the function's futures and streams, in
  /// the order in which its type ends them; kUnit: one without payload.
  uint32_t number = 0;
  static constexpr uint32_t kUnit = ~uint32_t{0};
};
CoreImportName parse_core_import(std::string_view module, std::string_view field);

/// True when a world's key is what a core name's key means: the same, or in the same canonical
/// version.
bool same_key(std::string_view key, std::string_view core_key);

/// The names under which a core module may export what belongs to a function of the world; `key` is
/// empty for functions of the world itself. First the most usual.
struct CoreExportNames {
  std::string function;
  std::string post_return;
};
std::vector<CoreExportNames> core_export_names(std::string_view key, std::string_view function);
std::vector<std::string> destructor_names(std::string_view key, std::string_view resource);

}  // namespace skiff::component::tools
