// Artifact: a file with the machine code of one module, laid out to be mapped and run where it
// lies. It also has the module itself, so that it is all that a program consists of.
//
//   header          magic, format, size, key, table of sections (offset, size, checksum), checksum
//   of itself settings, name  text: what decided about the code (settings.h); what the module is
//   called tables          functions, array entries, import thunks, pc table, fix-ups
//   (native_image.h) wasm            the module's bytes image           text, read-only data, data;
//   aligned to kImageAlignment, each mapped with its own protection
//
// Reading an artifact never fails worse than with an error: all that is used is checked against the
// file's size, and the checksums of everything are checked once for each file and boot (and then
// remembered in an extended attribute, where the file system has these). What checks cannot give is
// trust: whoever wrote the file wrote the code that will run. Callers decide whom they trust
// (cache.h, --allow-precompiled).
//
// Requires, like any mapped program: the file is not changed while it is in use. Files are written
// under another name and renamed, never changed. Numbers are in the byte order of the CPU they are
// for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "compiler/target/code_memory.h"
#include "engine/base/reader.h"
#include "engine/base/result.h"
#include "runtime/cache/hash.h"

namespace skiff {

inline constexpr uint32_t kArtifactVersion = 1;
/// The largest page size of the machines that artifacts are for.
inline constexpr uint64_t kImageAlignment = 65536;

/// What an artifact is made of.
struct ArtifactSource {
  const compiler::NativeImage& image;
  ByteSpan wasm;
  std::string_view settings;
  std::string_view name;  // for people; may be empty
  Hash128 key{};
};

/// Writes an artifact to an empty file. Pages of zeros become holes.
/// Errors: FileError (full disk, file size limit), Unsupported (an image that contradicts itself).
Status write_artifact(int fd, const ArtifactSource& source);

/// Writes an artifact under another name and renames it: whoever runs an older file goes on running that.
/// Errors: as write_artifact(); Unsupported where something else than a file has that name.
Status save_artifact(const std::string& path, const ArtifactSource& source);

/// Do these first bytes of a file (at least 8) look like an artifact, even a damaged one?
bool has_artifact_magic(ByteSpan bytes);

class Artifact {
 public:
  /// Maps a file and checks that its header makes sense; reads nothing else. The descriptor stays
  /// the caller's. Errors: FileError, Unsupported (not an artifact, truncated, damaged, of another
  /// format version).
  static Result<std::shared_ptr<const Artifact>> open(int fd);
  ~Artifact();
  Artifact(const Artifact&) = delete;

  const Hash128& key() const;
  std::string_view settings() const;
  std::string_view name() const;
  ByteSpan wasm() const;
  uint64_t file_size() const { return size_; }
  compiler::ImageParts parts() const;
  /// Text, read-only data and data, as they follow each other.
  ByteSpan image() const;

  /// Checks all checksums, unless this was done before, since the machine was started and for the
  /// file as it is. Remembers success. `fd`: as given to open(). Errors: Unsupported naming the
  /// damaged section.
  Status verify(int fd) const;

  /// The code where it can run, which keeps the artifact. Where files cannot be executed (noexec)
  /// it is copied. Requires: verified, or just written. Errors: as LoadedImage's.
  static Result<std::shared_ptr<const compiler::LoadedImage>> load(
      std::shared_ptr<const Artifact> artifact, int fd);

 private:
  Artifact(const uint8_t* base, uint64_t size) : base_(base), size_(size) {}
  Status check_header() const;
  template <class T>
  std::span<const T> table(size_t section) const;
  ByteSpan bytes(size_t section) const;

  const uint8_t* base_;
  uint64_t size_;
};

}  // namespace skiff
