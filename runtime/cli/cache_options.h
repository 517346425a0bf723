// The options of the code cache that commands share: --cache-dir, --cache-size, --no-cache,
// --verbose.
#pragma once

#include <memory>
#include <optional>

#include "runtime/cache/stores.h"
#include "runtime/cli/args.h"

namespace skiff::cli {

struct CacheOptions {
  std::shared_ptr<const CodeCache> cache;  // null: --no-cache
  CacheNotes notes;
};

/// Reads them; options that a command does not have are not given. Reports a wrong value.
std::optional<CacheOptions> cache_options(const Arguments& args);

}  // namespace skiff::cli
