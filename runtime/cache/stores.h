// ImageStores of the runtime: where the native tier gets code from without compiling.
//   make_cache_store     the user's cache, filled as programs are run
//   make_artifact_store  one artifact that the user has said to trust; other modules are compiled
//   and not kept
//   ArtifactFolder       artifacts by what they are of, made on this machine or another one (tests)
// Thread: any, several at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "compiler/target/native_tier.h"
#include "runtime/cache/cache.h"
#include "runtime/cache/settings.h"

namespace skiff {

/// Is told in a line what was found, added, or went wrong; may be empty.
using CacheNotes = std::function<void(std::string_view)>;

/// `name`: what new entries are called in lists.
std::shared_ptr<compiler::ImageStore> make_cache_store(std::shared_ptr<const CodeCache> cache,
                                                       std::string name, CacheNotes notes);

/// An artifact's code, where it fits this machine, the features and tunables, and its own module;
/// verified and mapped. Errors: Unsupported, FileError, naming the cause.
Result<std::shared_ptr<const compiler::LoadedImage>> load_trusted(
    std::shared_ptr<const Artifact> artifact, int fd, Features features, const Tunables& tunables);

/// Finds `image` for the bytes of `artifact`, under the features and tunables that it was loaded
/// for.
std::shared_ptr<compiler::ImageStore> make_artifact_store(
    std::shared_ptr<const Artifact> artifact, std::shared_ptr<const compiler::LoadedImage> image);

/// A folder of artifacts, named by module, features and tunables, not by CPU: it can be filled on one
/// machine and used on another. Nothing in it is doubted: for tests.
class ArtifactFolder final : public compiler::ImageStore {
 public:
  explicit ArtifactFolder(std::string directory) : directory_(std::move(directory)) {}

  std::shared_ptr<const compiler::LoadedImage> find(ByteSpan binary, Features features,
                                                    const Tunables& tunables) override;
  /// Writes it, and maps it from the file.
  Result<std::shared_ptr<const compiler::LoadedImage>> keep(ByteSpan binary, Features features,
                                                            const Tunables& tunables,
                                                            compiler::NativeImage image) override;
  /// Writes an image that was made for `target`.
  Status save(ByteSpan binary, Features features, const Tunables& tunables,
              const CodeTarget& target, const compiler::NativeImage& image) const;

 private:
  std::string path_of(ByteSpan binary, Features features, const Tunables& tunables) const;
  Result<std::shared_ptr<const compiler::LoadedImage>> load(const std::string& path, ByteSpan binary,
                                                            Features features,
                                                            const Tunables& tunables) const;
  const std::string directory_;
};

}  // namespace skiff
