// What the two halves of wasi:filesystem share.
#pragma once

#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {

/// As SKIFF_IO_TRY.
#define SKIFF_FS_TRY(EXPR)                                                     \
  __extension__({                                                              \
    auto skiff_fs_result = (EXPR);                                             \
    if (!skiff_fs_result) [[unlikely]]                                         \
      return std::unexpected(skiff_fs_result.error());                         \
    ::skiff::wasi::p2::take_fs(std::move(skiff_fs_result));                    \
  })

template <class T>
T take_fs(FsResult<T>&& r) {
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

template <class T>
FsResult<T> told(Io<T> r) {
  if (!r) return std::unexpected(fs_error(r.error()));
  if constexpr (std::is_void_v<T>) return {};
  else return *std::move(r);
}

inline FsResult<File*> file_of(Borrow<Descriptor> d) {
  if (File* f = d->file()) return f;
  return std::unexpected(FsError::IsDirectory);
}
inline FsResult<Dir*> dir_of(Borrow<Descriptor> d) {
  if (Dir* dir = d->dir()) return dir;
  return std::unexpected(FsError::NotDirectory);
}
/// Errors: ReadOnly
inline FsResult<void> need_mutate(const Dir& dir) {
  if (dir.access() == Access::ReadOnly) return std::unexpected(FsError::ReadOnly);
  return {};
}
inline FsResult<Dir*> mutable_dir(Borrow<Descriptor> d) {
  Dir* const dir = SKIFF_FS_TRY(dir_of(d));
  SKIFF_FS_TRY(need_mutate(*dir));
  return dir;
}
inline Io<FileStat> stat_of(Descriptor& d) { return d.dir() ? d.dir()->stat() : d.file()->stat(); }

DescriptorType type_of(FileType type);
DescriptorStat to_wit(const FileStat& st);
NewTime from_wit(const NewTimestamp& t);
/// Spec: metadata-hash. `secret`: that nobody computes what it is made of.
MetadataHash hash_of(const FileStat& st, uint64_t secret);

}  // namespace skiff::wasi::p2
