// What is known about the official suite as a whole: which features a file of it is written for,
// and which files we do not run, and why (skip.toml).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/features.h"

namespace skiff::spectest {

/// The features that a file of the suite expects, by its folder.
Features features_of(std::string_view path);

/// The list of files that are skipped, with reasons.
class SkipList {
 public:
  /// Reads `[[skip]]` entries of `files` (a pattern as of fnmatch, compared with the end of the
  /// path), `tier` (a name, or "*") and `reason`; all three are required. Errors: FileError,
  /// InvalidArgument with file and line.
  static Result<SkipList> load(const std::string& path);

  /// Why this file is skipped on this tier; nothing when it is to be run.
  std::optional<std::string_view> reason(const std::string& path, std::string_view tier) const;

 private:
  struct Entry {
    std::string files;
    std::string tier;
    std::string reason;
  };
  std::vector<Entry> entries_;
};

}  // namespace skiff::spectest
