// Operations on descriptors.
#include "wasi/common/descriptor.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "engine/base/utf8.h"

namespace skiff::wasi {

Io<std::shared_ptr<File>> Descriptor::need_file() {
  if (auto* f = std::get_if<std::shared_ptr<File>>(&what)) return *f;
  return io_fail(Errno::IsDir);
}

Io<Dir*> Descriptor::need_dir() {
  if (Dir* d = dir()) return d;
  return io_fail(Errno::NotDir);
}

Io<Dir*> Descriptor::need_mutable_dir() {
  Dir* const d = SKIFF_IO_TRY(need_dir());
  if (d->access() == Access::ReadOnly) return io_fail(Errno::RoFs);
  return d;
}

Io<void> Descriptor::advise(uint64_t offset, uint64_t length, AdviceKind advice) {
  File* const f = file();
  if (!f) return io_fail(Errno::BadF);
  return f->advise(offset, length, static_cast<Advice>(advice));  // numbered alike
}

Io<void> Descriptor::sync(bool data_only) {
  if (Dir* d = dir()) return d->access() == Access::ReadOnly ? Io<void>() : d->sync();
  File* const f = file();
  if (!f->writable()) return {};
  const auto r = data_only ? f->datasync() : f->sync();
  if (!r && r.error() == Errno::Inval) return {};  // a pipe or the like: nothing to synchronise
  return r;
}

DescriptorFlags Descriptor::flags() {
  using F = DescriptorFlags;
  if (const Dir* d = dir())
    return F{static_cast<uint8_t>(F::kRead | (d->access() == Access::ReadWrite ? F::kMutate : 0))};
  const File& f = *file();
  return F{static_cast<uint8_t>((f.readable() ? F::kRead : 0) | (f.writable() ? F::kWrite : 0) |
                                (f.sync_writes() ? F::kFileSync : 0) | (f.dsync() ? F::kDataSync : 0) |
                                (f.rsync() ? F::kReadSync : 0))};
}

Io<void> Descriptor::set_size(uint64_t size) {
  const auto f = SKIFF_IO_TRY(need_file());
  if (f->access() == Access::ReadOnly) return io_fail(Errno::RoFs);
  if (!f->writable()) return io_fail(Errno::BadF);
  return f->set_size(size);
}

Io<void> Descriptor::set_times(NewTime accessed, NewTime modified) {
  if (dir()) return SKIFF_IO_TRY(need_mutable_dir())->set_times(accessed, modified);
  if (file()->access() == Access::ReadOnly) return io_fail(Errno::RoFs);
  return file()->set_times(accessed, modified);
}

bool Descriptor::is_same(Descriptor& other) {
  const auto a = stat(), b = other.stat();
  return a && b && a->device == b->device && a->inode == b->inode;
}

Io<FileStat> Descriptor::stat_at(PathFlags flags, std::string_view path) {
  return SKIFF_IO_TRY(need_dir())->stat_at(path, flags.bits & PathFlags::kFollow);
}

Io<void> Descriptor::set_times_at(PathFlags flags, std::string_view path, NewTime accessed, NewTime modified) {
  return SKIFF_IO_TRY(need_mutable_dir())->set_times_at(path, flags.bits & PathFlags::kFollow, accessed, modified);
}

Io<void> Descriptor::create_directory_at(std::string_view path) {
  return SKIFF_IO_TRY(need_mutable_dir())->create_directory_at(path);
}

Io<void> Descriptor::link_at(PathFlags flags, std::string_view path, Descriptor& new_dir, std::string_view new_path) {
  if (flags.bits & PathFlags::kFollow) return io_fail(Errno::Inval);
  const Dir* const from = SKIFF_IO_TRY(need_mutable_dir());
  return from->link_at(path, *SKIFF_IO_TRY(new_dir.need_mutable_dir()), new_path);
}

Io<Dir::Opened> Descriptor::open_at(PathFlags path_flags, std::string_view path, OpenFlags open,
                                    DescriptorFlags flags) {
  using D = DescriptorFlags;
  const bool changes = (flags.bits & (D::kWrite | D::kMutate)) ||
                       (open.bits & (OpenFlags::kCreate | OpenFlags::kTruncate));
  const Dir* const d = SKIFF_IO_TRY(changes ? need_mutable_dir() : need_dir());
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
  return d->open_at(path, options);
}

Io<std::string> Descriptor::readlink_at(std::string_view path) {
  std::string target = SKIFF_IO_TRY(SKIFF_IO_TRY(need_dir())->readlink_at(path));
  if (target.starts_with('/')) return io_fail(Errno::Perm);
  if (!is_utf8(target)) return io_fail(Errno::IlSeq);
  return target;
}

Io<void> Descriptor::remove_directory_at(std::string_view path) {
  return SKIFF_IO_TRY(need_mutable_dir())->remove_directory_at(path);
}

Io<void> Descriptor::rename_at(std::string_view path, Descriptor& new_dir, std::string_view new_path) {
  const Dir* const from = SKIFF_IO_TRY(need_mutable_dir());
  return from->rename_at(path, *SKIFF_IO_TRY(new_dir.need_mutable_dir()), new_path);
}

Io<void> Descriptor::symlink_at(std::string_view target, std::string_view path) {
  return SKIFF_IO_TRY(need_mutable_dir())->symlink_at(target, path);
}

Io<void> Descriptor::unlink_file_at(std::string_view path) {
  return SKIFF_IO_TRY(need_mutable_dir())->unlink_file_at(path);
}

MetadataHash hash_of(const FileStat& st, uint64_t secret) {
  const uint64_t facts[] = {st.device, st.inode, st.size, static_cast<uint64_t>(st.modified.seconds),
                            st.modified.nanoseconds, static_cast<uint64_t>(st.type)};
  const XXH128_hash_t h = XXH3_128bits_withSeed(facts, sizeof facts, secret);
  return {h.low64, h.high64};
}

Io<std::optional<EntryReader::Entry>> EntryReader::next() {
  constexpr size_t kBatch = 128;
  while (batch_.empty() && !done_) {
    size_t seen = 0;
    SKIFF_IO_TRY(dir_.read_entries(cookie_, 16 << 10, [&](const DirEntry& e) {
      cookie_ = e.next;
      if (e.name != "." && e.name != "..") batch_.push_back({e.type, std::string(e.name)});
      return ++seen < kBatch;
    }));
    done_ = seen < kBatch;
    std::reverse(batch_.begin(), batch_.end());
  }
  if (batch_.empty()) return std::nullopt;
  Entry entry = std::move(batch_.back());
  batch_.pop_back();
  if (!is_utf8(entry.name)) return io_fail(Errno::IlSeq);
  return entry;
}

std::vector<std::tuple<Own<Descriptor>, std::string>> get_directories(WasiCall& c) {
  std::vector<std::tuple<Own<Descriptor>, std::string>> all;
  for (const Preopen& p : c.state.ctx.preopens)
    all.emplace_back(c.make<Descriptor>(nullptr, Dir::Opened(p.dir)), p.guest_path);
  return all;
}

}  // namespace skiff::wasi
