// Descriptor: an open file or directory, with the operations of wasi:filesystem and their checks. Errors are the
// host's numbers; faces tell them in their terms. Changes in a read-only tree fail with RoFs before the host is asked;
// renaming and linking need both trees to be writable. Descriptors of directories may change what is in them when their
// tree is writable; whether a program said so when it opened them does not matter (programs often do not).
#pragma once

#include "wasi/common/state.h"
#include "wasi/common/types.h"
#include "wasi/os/fs.h"

namespace skiff::wasi {

struct Descriptor final : CommonResource<CommonKind::Descriptor> {
  explicit Descriptor(Dir::Opened what) : what(std::move(what)) {}
  File* file() {
    auto* f = std::get_if<std::shared_ptr<File>>(&what);
    return f ? f->get() : nullptr;
  }
  Dir* dir() { return std::get_if<Dir>(&what); }

  /// Errors: IsDir
  Io<std::shared_ptr<File>> need_file();
  /// Errors: NotDir
  Io<Dir*> need_dir();
  /// Errors: NotDir, RoFs
  Io<Dir*> need_mutable_dir();

  Io<void> advise(uint64_t offset, uint64_t length, AdviceKind advice);
  Io<void> sync(bool data_only);
  DescriptorFlags flags();
  FileType type() { return dir() ? FileType::Directory : file()->type(); }
  Io<void> set_size(uint64_t size);
  Io<void> set_times(NewTime accessed, NewTime modified);
  Io<FileStat> stat() { return dir() ? dir()->stat() : file()->stat(); }
  bool is_same(Descriptor& other);

  Io<FileStat> stat_at(PathFlags flags, std::string_view path);
  Io<void> set_times_at(PathFlags flags, std::string_view path, NewTime accessed, NewTime modified);
  Io<void> create_directory_at(std::string_view path);
  Io<void> link_at(PathFlags flags, std::string_view path, Descriptor& new_dir, std::string_view new_path);
  Io<Dir::Opened> open_at(PathFlags path_flags, std::string_view path, OpenFlags open, DescriptorFlags flags);
  /// Errors: Perm for links that lead out, IlSeq
  Io<std::string> readlink_at(std::string_view path);
  Io<void> remove_directory_at(std::string_view path);
  Io<void> rename_at(std::string_view path, Descriptor& new_dir, std::string_view new_path);
  Io<void> symlink_at(std::string_view target, std::string_view path);
  Io<void> unlink_file_at(std::string_view path);

  Dir::Opened what;
};

/// Spec: metadata-hash. `secret`: that nobody computes what it is made of.
MetadataHash hash_of(const FileStat& st, uint64_t secret);

/// The entries of a directory, without "." and "..".
class EntryReader {
 public:
  struct Entry {
    FileType type;
    std::string name;
  };
  explicit EntryReader(Dir dir) : dir_(std::move(dir)) {}
  /// The next one; nothing at the end. Errors: the host's; IlSeq for names that are not UTF-8, which are passed over
  /// then.
  Io<std::optional<Entry>> next();

 private:
  Dir dir_;
  uint64_t cookie_ = 0;
  std::vector<Entry> batch_;        // read and not given yet, last one first
  bool done_ = false;
};

std::vector<std::tuple<Own<Descriptor>, std::string>> get_directories(WasiCall& c);

}  // namespace skiff::wasi
