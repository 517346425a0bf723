// Between the native tier, which asks by module, features and tunables, and the cache, which asks
// by settings.
#include "runtime/cache/stores.h"

#include <algorithm>

#include "runtime/cache/settings.h"

namespace skiff {
namespace {

using compiler::LoadedImage;

class CacheStore final : public compiler::ImageStore {
 public:
  CacheStore(std::shared_ptr<const CodeCache> cache, std::string name, CacheNotes notes)
      : cache_(std::move(cache)),
        name_(std::move(name)),
        notes_(std::move(notes)),
        target_(native_target()),
        build_(build_identity()) {}

  std::shared_ptr<const LoadedImage> find(ByteSpan binary, Features features,
                                          const Tunables& tunables) override {
    const std::string settings = code_settings(target_, features, tunables);
    auto image = cache_->find({binary, settings, name_, build_});
    if (!image) return note(image.error().message()), nullptr;
    note(*image ? "found in the cache" : "not in the cache");
    return std::move(*image);
  }

  Result<std::shared_ptr<const LoadedImage>> keep(ByteSpan binary, Features features,
                                                  const Tunables& tunables,
                                                  compiler::NativeImage image) override {
    const std::string settings = code_settings(target_, features, tunables);
    auto kept = cache_->add({binary, settings, name_, build_}, image);
    if (kept) return note("added to the cache"), kept;
    note("not added to the cache: " + kept.error().message());
    return LoadedImage::from_memory(std::move(image));
  }

 private:
  void note(std::string_view text) const {
    if (notes_) notes_(text);
  }

  const std::shared_ptr<const CodeCache> cache_;
  const std::string name_;
  const CacheNotes notes_;
  const CodeTarget target_;
  const std::string build_;
};

class ArtifactStore final : public compiler::ImageStore {
 public:
  ArtifactStore(std::shared_ptr<const Artifact> artifact, std::shared_ptr<const LoadedImage> image)
      : artifact_(std::move(artifact)), image_(std::move(image)) {}

  std::shared_ptr<const LoadedImage> find(ByteSpan binary, Features features,
                                          const Tunables& tunables) override {
    const bool own =
        binary.data() == artifact_->wasm().data() && binary.size() == artifact_->wasm().size();
    const bool fits = own && check_settings(artifact_->settings(),
                                            code_settings(native_target(), features, tunables));
    return fits ? image_ : nullptr;
  }
  Result<std::shared_ptr<const LoadedImage>> keep(ByteSpan, Features, const Tunables&,
                                                  compiler::NativeImage image) override {
    return LoadedImage::from_memory(std::move(image));
  }

 private:
  const std::shared_ptr<const Artifact> artifact_;
  const std::shared_ptr<const LoadedImage> image_;
};

}  // namespace

std::shared_ptr<compiler::ImageStore> make_cache_store(std::shared_ptr<const CodeCache> cache,
                                                       std::string name, CacheNotes notes) {
  return std::make_shared<CacheStore>(std::move(cache), std::move(name), std::move(notes));
}

Result<std::shared_ptr<const LoadedImage>> load_trusted(std::shared_ptr<const Artifact> artifact,
                                                        int fd, Features features,
                                                        const Tunables& tunables) {
  SKIFF_TRY(
      check_settings(artifact->settings(), code_settings(native_target(), features, tunables)));
  SKIFF_TRY(artifact->verify(fd));
  return Artifact::load(std::move(artifact), fd);
}

std::shared_ptr<compiler::ImageStore> make_artifact_store(
    std::shared_ptr<const Artifact> artifact, std::shared_ptr<const LoadedImage> image) {
  return std::make_shared<ArtifactStore>(std::move(artifact), std::move(image));
}

}  // namespace skiff
