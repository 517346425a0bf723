// The tier "llvm": all functions of a module compiled ahead of their first call by the optimising compiler, or
// taken from wherever the runtime keeps compiled code.
#pragma once

#include <functional>
#include <memory>

#include "compiler/target/code_memory.h"
#include "compiler/target/code_symbols.h"
#include "compiler/llvm/compiler_api.h"
#include "engine/exec/engine.h"
#include "engine/exec/instance.h"
#include "engine/exec/tier.h"

namespace skiff::compiler {

/// Compiles a module now. Loads the compiler's library at its first call.
using CompileNow = std::function<Result<NativeImage>()>;

/// Where images come from: a cache that may find one, or calls `compile` and keeps what that returns.
/// Thread: any, several at once.
using ImageProvider = std::function<Result<std::shared_ptr<const LoadedImage>>(
    const ModuleInfo& info, const Tunables& tunables, const CompileNow& compile)>;

/// Compiles each time, and keeps nothing.
Result<std::shared_ptr<const LoadedImage>> compile_to_memory(const ModuleInfo& info, const Tunables& tunables,
                                                             const CompileNow& compile);

/// Without a provider: compile_to_memory.
std::unique_ptr<Tier> make_native_tier(ImageProvider provider = {}, CodeListeners listeners = {});

/// Images that are kept between runs, by what they were made of.   Thread: any, several at once.
class ImageStore {
 public:
  virtual ~ImageStore() = default;
  /// The image of exactly this binary, made after it had been validated under these features; null: none.
  virtual std::shared_ptr<const LoadedImage> find(ByteSpan binary, Features features, const Tunables& tunables) = 0;
  /// Keeps an image that was just made, if it can, and returns it where it can run.
  virtual Result<std::shared_ptr<const LoadedImage>> keep(ByteSpan binary, Features features, const Tunables& tunables,
                                                          NativeImage image) = 0;
};

/// Compiles what it does not find in `store`.
std::unique_ptr<Tier> make_native_tier(std::shared_ptr<ImageStore> store, CodeListeners listeners = {});

/// The code of a module that is machine code, or will be.
class ImageCode : public TierCode {
 public:
  /// Null: not yet. Never changes once it is there.   Thread: any
  virtual const LoadedImage* image() const = 0;
};
/// The code of this instance. Requires: an instance of a tier whose modules have ImageCode.
inline const ImageCode& image_code(const VmCtx& ctx) {
  return static_cast<const ImageCode&>(ctx.instance->compiled().code());
}

/// Makes an instance run its module's image. Functions that were called through an import thunk until now stay so
/// for callers that are machine code: these may have loaded entry and context at different times.
/// Requires: image_code(instance).image(), and a NativeStore.   Thread: the store's, not within a library call
void bind_image(Instance& instance);

/// The part of bind_image that depends on the store: functions without machine code get an import thunk, and the store
/// knows the instance.
void bind_imports(Instance& instance);

/// An image can only be run with the module that it was made of. Errors: Unsupported.
Status check_image(const ModuleInfo& info, const LoadedImage& image);

/// What libskiff-llvm makes of a module. Loads it at the first call. `options`: epochs and fuel as its tunables say.
Result<NativeImage> compile_with_llvm(const ModuleInfo& info, CompileOptions options);

/// Gives a function that has no machine code (of the host, or another tier) the import thunk of a type, in the image
/// of the instance that wants to call it.
/// Requires: the function is of that type, or of a subtype; an instance of this tier.
void bind_thunk(const VmCtx& caller, FuncInst& func, uint32_t module_type);

}  // namespace skiff::compiler

namespace skiff {
/// The tier "llvm" without a cache.
std::unique_ptr<Tier> make_llvm_tier();
}
