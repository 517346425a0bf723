// Lowering: a function body to compact code (code.h), in one pass and linear time.
#pragma once

#include <memory>

#include "engine/exec/engine.h"
#include "engine/interp/code.h"
#include "engine/valid/valid.h"
#include "engine/valid/walker.h"

namespace skiff::interp {

/// What lowering knows about the module.
struct LowerContext {
  const ModuleInfo& info;
  const Tunables& tunables;
  /// By function index; entries of imported functions are unused.
  const LazyFunc* funcs;
};

/// Lowers a defined function.   Errors: those of a body that was not validated before
Result<std::unique_ptr<FuncCode>> lower_body(const LowerContext& context, uint32_t func_index,
                                             WalkScratch& scratch);

}  // namespace skiff::interp
