// Running scripts: the engine's side of `skiff wast`. One engine per file, one store per thread of
// a script; every command counts as one check, which passes, fails with a line number and a
// message, or is skipped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/engine.h"
#include "engine/exec/store.h"
#include "spectest/suite.h"

namespace skiff::spectest {

class ComponentHost;

struct RunOptions {
  std::string tier;  // its name
  std::function<std::unique_ptr<Tier>()> make_tier;
  std::string features;  // changes on top of the folder's (suite.h)
  Tunables tunables = default_tunables();
  const SkipList* skips = nullptr;
  /// Executes components, one host for each store. Without it components are only validated, and the
  /// commands that need more are counted as skipped.
  std::function<Result<std::unique_ptr<ComponentHost>>(Store& store)> make_component_host;
  /// Instead of running commands: print each module as text and read it again, which must give an
  /// equal module.
  bool roundtrip = false;
  /// Instead of running commands: what to do with the binary of each good module.
  std::function<Status(const std::vector<uint8_t>& binary, Features features)> each_module;
};

/// One failed check.
struct Finding {
  uint32_t line = 0;
  std::string command;  // keyword, e.g. "assert_return"
  std::string message;
};

struct FileResult {
  std::string path;
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;
  std::string skip_reason;        // when the file is on the skip list
  std::vector<Finding> findings;  // in order of the script
};

/// Runs one script. A file that cannot be read or is not a script is one failed check.
FileResult run_file(const std::string& path, const RunOptions& options);

/// The same for a script in memory; `path` is for messages and for the folder's features.
FileResult run_script(const std::string& path, std::string source, const RunOptions& options);

}  // namespace skiff::spectest
