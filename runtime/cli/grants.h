// What a guest is granted from the command line: the options that `skiff run` has for it, and the context
// that they make.
#pragma once

#include <optional>

#include "runtime/cli/args.h"
#include "wasi/os/ctx.h"

namespace skiff::cli {

/// Fills the context: standard streams, clocks and random numbers always; --argv0, the operands, --env,
/// --inherit-env, --dir, --allow-net, --allow-listen, --allow-http as told. `name`: of the program's file.
/// Reports what is wrong; exit code of the failure, or nothing.
std::optional<int> grant_all(const Arguments& args, const std::string& name, wasi::Ctx& ctx);

}  // namespace skiff::cli
