// The library's one exported symbol.
#include "compiler/llvm/compile.h"
#include "compiler/llvm/disasm.h"
#include "compiler/llvm/dwarf.h"

namespace skiff::llvm_tier {
namespace {

std::string host_cpu() {
  const TargetChoice choice = choose_target({});
  return choice.triple + " " + choice.cpu + " " + choice.features;
}

constexpr compiler::CompilerApi kApi = {compiler::kCompilerVersion, compile_module, disassemble, optimized_ir, source_positions,
                                       host_cpu};

}  // namespace
}  // namespace skiff::llvm_tier

extern "C" __attribute__((visibility("default"))) const skiff::compiler::CompilerApi* skiff_llvm_compiler_api() {
  return &skiff::llvm_tier::kApi;
}
