// CodeCache: a folder of artifacts, one file per key, that any number of processes use at once
// without locks. Entries are written under a temporary name and renamed; readers see whole files or
// none, and go on using a file that was removed. The cache never decides whether a program runs:
// everything that can go wrong (no home, read-only or full disk, damaged entries) is an error that
// callers note and otherwise ignore.
//
// Trust. The code in it is executed, so the folder must belong to the user, and neither it nor an
// entry may be writable by others: else nothing is read. And a key is a hash that an author of
// modules could find collisions of: an entry is only used when the module in it is byte for byte
// the one that was asked for.
//
// Size. After an entry was added, those that were not used for longest are removed until the rest
// is below the limit. Use is noted in the access time, by us and at most hourly, whatever the mount
// options are. Thread: any, several at once.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cache/artifact.h"

namespace skiff {

inline constexpr uint64_t kDefaultCacheBytes = uint64_t{1} << 30;

/// $SKIFF_CACHE_DIR, else $XDG_CACHE_HOME/skiff, else ~/.cache/skiff; empty when none of them is
/// set. Programs with raised rights do not listen to the environment.
std::string default_cache_directory();

struct CacheEntry {
  std::string file;    // name in the folder
  std::string name;    // of the module, as it was given; empty when the file cannot be read
  uint64_t bytes = 0;  // on disk
  timespec made{};
  timespec used{};
};

class CodeCache {
 public:
  /// What is to be found or added.
  struct Request {
    ByteSpan wasm;
    std::string_view settings;
    std::string_view name;   // for lists
    std::string_view build;  // goes into the key only; see build_identity()
  };

  /// Nothing is touched before it is used, and the folder is made when something is added.
  explicit CodeCache(std::string directory, uint64_t max_bytes = kDefaultCacheBytes);
  CodeCache(const CodeCache&) = delete;

  const std::string& directory() const { return directory_; }

  /// The code for a request, or null when there is none.
  /// Errors: FileError, Unsupported: there is a folder or an entry that cannot be used; a damaged
  /// entry is removed.
  Result<std::shared_ptr<const compiler::LoadedImage>> find(const Request& request) const;
  /// Adds an entry and returns its code, mapped from the file.
  /// Errors: FileError, LimitExceeded (larger than the whole cache): nothing was added.
  Result<std::shared_ptr<const compiler::LoadedImage>> add(
      const Request& request, const compiler::NativeImage& image) const;

  /// All entries, the most recently used first. Errors: as find().
  Result<std::vector<CacheEntry>> list() const;
  /// Removes all entries; returns their number. Errors: as find().
  Result<size_t> clear() const;

 private:
  class Folder;
  Result<Folder> open_folder(bool make) const;
  void shrink(const Folder& folder, std::string_view keep) const;

  const std::string directory_;
  const uint64_t max_bytes_;
};

}  // namespace skiff
