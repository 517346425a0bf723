// link_objects: relocatable objects of one module to one NativeImage, with JITLink. All objects are laid out
// together: text of all, then read-only data of all, then data, so that the image's parts are contiguous and
// every reference inside it is relative. What remains absolute (the personality's address) becomes a fix-up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/target/native_image.h"
#include "engine/base/result.h"

namespace llvm {
class MemoryBuffer;
}

namespace skiff::llvm_tier {

/// Names of what objects define: functions "f<index>", array entries "e<type>", import thunks "t<type>".
struct LinkInput {
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  uint32_t imported_functions = 0;
  uint32_t functions = 0;            // imports included
  std::vector<bool> function_types;  // by module type index: is it a function type
};

/// The name of the one symbol that images refer to and do not define.
inline constexpr const char* kPersonalitySymbol = "skiff_personality";

/// Errors: Unsupported with LLVM's message (a bug of ours, or an object beyond the code model's reach).
Result<compiler::NativeImage> link_objects(LinkInput input);

}  // namespace skiff::llvm_tier
