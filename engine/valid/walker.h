// The walker: the one place where function bodies and constant expressions are decoded and type-checked
// (Spec: valid-func, valid-constant). It feeds a FunctionSink (sink.h) with what it has checked.
#pragma once

#include "engine/base/result.h"
#include "engine/valid/sink.h"
#include "engine/valid/stacks.h"
#include "engine/valid/valid.h"

namespace skiff {

/// Decodes and checks a function's body and delivers it to `sink`.
/// Spec: valid-func   Requires: func_index is a defined function of a module whose module-level rules hold
/// (validate_module, with or without bodies).   Errors: Invalid ones, and the Malformed ones of bodies, with
/// Error.func set; the sink must then throw its work away.
template <FunctionSink S>
Status walk_function(const ModuleInfo& info, uint32_t func_index, S& sink, WalkScratch& scratch);

/// The same for a constant expression, which must have the (canonical) type `expected`. Of the sink only
/// `instr` is called: in order, for each instruction but the final `end`.
/// Spec: valid-constant. Only globals that are in info.globals are in scope.
template <FunctionSink S>
Status walk_const_expr(const ModuleInfo& info, const ConstExpr& expr, ValType expected, WalkScratch& scratch,
                       S& sink);

}  // namespace skiff
