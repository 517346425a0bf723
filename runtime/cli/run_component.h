// Running a component as a command (wasi:cli/command).
#pragma once

#include "component/exec/linker.h"
#include "wasi/os/ctx.h"

namespace skiff::cli {

/// True when it exports the function `run` of wasi:cli/run@0.2, with the type that it is to have.
bool is_command(const component::CompiledComponent& component);

/// Instantiates a command with WASI 0.2 on `ctx`, and runs it. The result is its exit code: 0, or 1 when
/// `run` returned an error.
/// Requires: is_command. Errors: imports that nothing provides, traps (a TrapCode::Exit carries the status).
RunResult<int> run_command(Store& store, component::ComponentPtr component, wasi::Ctx& ctx);

}  // namespace skiff::cli
