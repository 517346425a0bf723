// Artifacts as inputs of commands: the output of `skiff compile`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/target/code_memory.h"
#include "engine/exec/engine.h"
#include "runtime/cache/artifact.h"

namespace skiff::cli {

struct Precompiled {
  std::shared_ptr<const Artifact> artifact;
  std::shared_ptr<const compiler::LoadedImage> image;  // null: only the module is used
};

/// Is this a file that begins like an artifact?
bool is_precompiled(std::string_view path);

/// Opens and verifies one, and loads its code if that is wanted and fits the engine; where it does
/// not fit, that is noted and the module remains. Reports what goes wrong.
std::optional<Precompiled> open_precompiled(const std::string& path, const EngineConfig& config,
                                            bool want_code);

}  // namespace skiff::cli
