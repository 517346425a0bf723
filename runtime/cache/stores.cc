// Between the native tier, which asks by module, features and tunables, and the cache, which asks
// by settings.
#include "runtime/cache/stores.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

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

std::string ArtifactFolder::path_of(ByteSpan binary, Features features,
                                    const Tunables& tunables) const {
  const std::string settings = code_settings({}, features, tunables);
  const Hash128 hash = hash128({binary, bytes_of(settings)});
  char name[40];
  std::snprintf(name, sizeof name, "%016llx%016llx.skiff", static_cast<unsigned long long>(hash[1]),
                static_cast<unsigned long long>(hash[0]));
  return directory_ + "/" + name;
}

Result<std::shared_ptr<const LoadedImage>> ArtifactFolder::load(const std::string& path,
                                                                ByteSpan binary, Features features,
                                                                const Tunables& tunables) const {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto image = [&]() -> Result<std::shared_ptr<const LoadedImage>> {
    auto artifact = SKIFF_TRY(Artifact::open(fd));
    if (!std::ranges::equal(artifact->wasm(), binary))
      return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, path + ": of another module");
    return load_trusted(std::move(artifact), fd, features, tunables);
  }();
  if (fd >= 0) ::close(fd);
  return image;
}

std::shared_ptr<const LoadedImage> ArtifactFolder::find(ByteSpan binary, Features features,
                                                        const Tunables& tunables) {
  const std::string path = path_of(binary, features, tunables);
  if (::access(path.c_str(), F_OK) != 0) return nullptr;
  auto image = load(path, binary, features, tunables);
  return image ? std::move(*image) : nullptr;
}

Result<std::shared_ptr<const LoadedImage>> ArtifactFolder::keep(ByteSpan binary, Features features,
                                                                const Tunables& tunables,
                                                                compiler::NativeImage image) {
  SKIFF_TRY(save(binary, features, tunables, native_target(), image));
  return load(path_of(binary, features, tunables), binary, features, tunables);
}

Status ArtifactFolder::save(ByteSpan binary, Features features, const Tunables& tunables,
                            const CodeTarget& target, const compiler::NativeImage& image) const {
  const std::string settings = code_settings(target, features, tunables);
  const Hash128 key = hash128({binary, bytes_of(settings)});
  return save_artifact(path_of(binary, features, tunables), {image, binary, settings, "", key});
}

}  // namespace skiff
