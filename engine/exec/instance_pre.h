// InstancePre: a module whose imports are resolved and checked once, so that instances of it can be had in about a
// microsecond. They come from the engine's pool: an instance that its store no longer needs is put back to its first
// state and used again, with its memories and tables where they were (docs/instances.md).
// Thread: any, several at once.
#pragma once

#include <memory>
#include <span>

#include "engine/exec/linker.h"

namespace skiff {

class InstanceTemplate;

class InstancePre {
 public:
  /// Resolves all imports. With a linker without a store, instances can be made in every store of the engine; with one
  /// of a store, in that store only.
  /// Errors: UnknownImport, IncompatibleImportType.
  static Result<InstancePre> create(const Linker& linker, ModulePtr module);
  /// Resolves nothing: all imports are given to instantiate().
  static InstancePre create(ModulePtr module);

  /// Spec: exec-module. Errors, traps: as Store::instantiate. Requires: create() with a linker.
  RunResult<Instance*> instantiate(Store& store) const;
  /// With these imports, in the order of the module, whose types are checked; those that create() has resolved to host
  /// functions are not looked at.
  RunResult<Instance*> instantiate(Store& store, std::span<const Extern> imports) const;

  const ModulePtr& module() const;

 private:
  explicit InstancePre(std::shared_ptr<InstanceTemplate> made) : template_(std::move(made)) {}
  std::shared_ptr<InstanceTemplate> template_;
  Store* store_ = nullptr;             // the linker's, if it has one
  std::vector<Extern> imports_;
};

}  // namespace skiff
