// Checks for our own bugs: they abort with file and line. Never for bad input, never for guests' faults.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace skiff::detail {
[[noreturn, gnu::cold]] inline void check_failed(const char* expr, const char* file, int line) {
  std::fprintf(stderr, "skiff: internal error: %s at %s:%d\n", expr, file, line);
  std::abort();
}
}  // namespace skiff::detail

/// Always on.
#define SKIFF_CHECK(EXPR) \
  (static_cast<bool>(EXPR) ? void(0) : ::skiff::detail::check_failed(#EXPR, __FILE__, __LINE__))

/// Debug builds only.
#ifdef NDEBUG
#define SKIFF_DCHECK(EXPR) void(0)
#else
#define SKIFF_DCHECK(EXPR) SKIFF_CHECK(EXPR)
#endif
