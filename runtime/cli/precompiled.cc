// Opening artifacts that the user names.
#include "runtime/cli/precompiled.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "runtime/cache/stores.h"
#include "runtime/cli/report.h"

namespace skiff::cli {
namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

bool is_precompiled(std::string_view path) {
  if (path == "-") return false;
  const OpenFile file{std::string(path)};
  std::array<uint8_t, 8> head{};
  // Not from pipes: what is read there is gone.
  return file.fd() >= 0 &&
         ::pread(file.fd(), head.data(), head.size(), 0) == ssize_t{head.size()} &&
         has_artifact_magic(head);
}

std::optional<Precompiled> open_precompiled(const std::string& path, const EngineConfig& config,
                                            bool want_code) {
  const OpenFile file(path);
  auto artifact = Artifact::open(file.fd());
  Status usable;
  if (!artifact)
    usable = std::unexpected(artifact.error());
  else
    usable = (*artifact)->verify(file.fd());
  if (!usable) {
    report_error(path + ": " + printable(usable.error().message()));
    return std::nullopt;
  }
  Precompiled precompiled{std::move(*artifact), nullptr};
  if (!want_code) return precompiled;
  auto image = load_trusted(precompiled.artifact, file.fd(), config.features, config.tunables);
  if (image)
    precompiled.image = std::move(*image);
  else
    report_note(path + ": its code cannot be used here, only its module: " +
                printable(image.error().detail));
  return precompiled;
}

}  // namespace skiff::cli
