// wasi:filesystem: what goes through a path. Changes in a read-only tree fail with read-only before the host
// is asked; renaming and linking need both trees to be writable.
#include "engine/base/utf8.h"
#include "wasi/p2/filesystem.h"

namespace skiff::wasi::p2 {

FsResult<void> create_directory_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(SKIFF_FS_TRY(mutable_dir(self))->create_directory_at(path.get()));
}

FsResult<DescriptorStat> stat_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  const Dir* const dir = SKIFF_FS_TRY(dir_of(self));
  return to_wit(SKIFF_FS_TRY(told(dir->stat_at(path.get(), flags.bits & PathFlags::kFollow))));
}

FsResult<void> set_times_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                            NewTimestamp accessed, NewTimestamp modified) {
  const Dir* const dir = SKIFF_FS_TRY(mutable_dir(self));
  return told(dir->set_times_at(path.get(), flags.bits & PathFlags::kFollow, from_wit(accessed), from_wit(modified)));
}

FsResult<void> link_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                       Borrow<Descriptor> new_dir, const Text& new_path) {
  if (flags.bits & PathFlags::kFollow) return std::unexpected(FsError::Invalid);
  const Dir* const from = SKIFF_FS_TRY(mutable_dir(self));
  return told(from->link_at(path.get(), *SKIFF_FS_TRY(mutable_dir(new_dir)), new_path.get()));
}

FsResult<Own<Descriptor>> open_at(P2Call& c, Borrow<Descriptor> self, PathFlags path_flags, const Text& path,
                                  OpenFlags open, DescriptorFlags flags) {
  using D = DescriptorFlags;
  const Dir* const dir = SKIFF_FS_TRY(dir_of(self));
  if ((flags.bits & (D::kWrite | D::kMutate)) || (open.bits & (OpenFlags::kCreate | OpenFlags::kTruncate)))
    SKIFF_FS_TRY(need_mutate(*dir));
  const OpenOptions options{
      .read = (flags.bits & D::kRead) != 0,
      .write = (flags.bits & D::kWrite) != 0,
      .create = (open.bits & OpenFlags::kCreate) != 0,
      .exclusive = (open.bits & OpenFlags::kExclusive) != 0,
      .truncate = (open.bits & OpenFlags::kTruncate) != 0,
      .directory = (open.bits & OpenFlags::kDirectory) != 0,
      .follow = (path_flags.bits & PathFlags::kFollow) != 0,
      .dsync = (flags.bits & D::kDataSync) != 0,
      .rsync = (flags.bits & D::kReadSync) != 0,
      .sync = (flags.bits & D::kFileSync) != 0,
  };
  return c.make<Descriptor>(nullptr, SKIFF_FS_TRY(told(dir->open_at(path.get(), options))));
}

FsResult<std::string> readlink_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  const Dir* const dir = SKIFF_FS_TRY(dir_of(self));
  std::string target = SKIFF_FS_TRY(told(dir->readlink_at(path.get())));
  if (target.starts_with('/')) return std::unexpected(FsError::NotPermitted);
  if (!is_utf8(target)) return std::unexpected(FsError::IllegalByteSequence);
  return target;
}

FsResult<void> remove_directory_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(SKIFF_FS_TRY(mutable_dir(self))->remove_directory_at(path.get()));
}

FsResult<void> rename_at(P2Call&, Borrow<Descriptor> self, const Text& path, Borrow<Descriptor> new_dir,
                         const Text& new_path) {
  const Dir* const from = SKIFF_FS_TRY(mutable_dir(self));
  return told(from->rename_at(path.get(), *SKIFF_FS_TRY(mutable_dir(new_dir)), new_path.get()));
}

FsResult<void> symlink_at(P2Call&, Borrow<Descriptor> self, const Text& target, const Text& path) {
  return told(SKIFF_FS_TRY(mutable_dir(self))->symlink_at(target.get(), path.get()));
}

FsResult<void> unlink_file_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(SKIFF_FS_TRY(mutable_dir(self))->unlink_file_at(path.get()));
}

FsResult<MetadataHash> metadata_hash_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  const Dir* const dir = SKIFF_FS_TRY(dir_of(self));
  return hash_of(SKIFF_FS_TRY(told(dir->stat_at(path.get(), flags.bits & PathFlags::kFollow))), c.state.secret);
}

}  // namespace skiff::wasi::p2
