// The table behind VmCtx::libcalls (native_libcalls.def).
#pragma once

#include <cstddef>

namespace skiff::compiler {

/// Number of rows of native_libcalls.def.
enum class Libcall : size_t {
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) NAME,
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
};
inline constexpr size_t kLibcallCount = 0
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) +1
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
    ;

/// Entry points, in order. Constant.
const void* const* native_libcalls();

}  // namespace skiff::compiler
