// fd_*: what works on one open descriptor.
#include <algorithm>
#include <cstring>

#include "wasi/p1/state.h"

namespace skiff::wasi {
namespace {

template <class T>
void put_at(std::span<uint8_t> place, uint32_t offset, T value) {
  store_unaligned(place.data() + offset, value);
}

uint32_t flags_of(const P1Descriptor& d) {
  uint32_t flags = 0;
  if (const File* f = d.file()) {
    if (f->append()) flags |= fdflag::Append;
    if (f->dsync()) flags |= fdflag::Dsync;
    if (f->nonblocking()) flags |= fdflag::Nonblock;
    if (f->rsync()) flags |= fdflag::Rsync;
    if (f->sync_writes()) flags |= fdflag::Sync;
  } else if (const Socket* s = d.socket()) {
    if (s->nonblocking()) flags |= fdflag::Nonblock;
  } else if (d.stream_nonblocking) {
    flags |= fdflag::Nonblock;
  }
  return flags;
}

}  // namespace

Io<std::span<uint8_t>> filestat_place(Guest& g, uint32_t p) {
  return g.bytes(p, filestat_layout(g.abi()).size);
}

void store_filestat(Abi abi, std::span<uint8_t> place, const FileStat& st) {
  const FilestatLayout layout = filestat_layout(abi);
  std::fill(place.begin(), place.end(), uint8_t{0});
  const auto time = [](Timestamp t) { return to_nanoseconds(t.seconds, t.nanoseconds); };
  put_at(place, 0, st.device);
  put_at(place, 8, st.inode);
  put_at(place, 16, number_of(st.type));
  if (layout.wide_links) put_at(place, layout.links, st.links);
  else put_at(place, layout.links, static_cast<uint32_t>(std::min<uint64_t>(st.links, UINT32_MAX)));
  put_at(place, layout.bytes, st.size);
  put_at(place, layout.accessed, time(st.accessed));
  put_at(place, layout.modified, time(st.modified));
  put_at(place, layout.changed, time(st.changed));
}

Io<NewTimes> new_times(uint64_t accessed, uint64_t modified, uint32_t flags) {
  if (flags & ~fstflag::All) return io_fail(Errno::Inval);
  const auto one = [&](uint64_t ns, uint32_t set, uint32_t now) -> Io<NewTime> {
    if ((flags & set) && (flags & now)) return io_fail(Errno::Inval);
    if (flags & now) return NewTime{NewTime::Kind::Now};
    if (flags & set)
      return NewTime{NewTime::Kind::At, ns / 1'000'000'000, static_cast<uint32_t>(ns % 1'000'000'000)};
    return NewTime{};
  };
  NewTimes t;
  t.accessed = SKIFF_IO_TRY(one(accessed, fstflag::Atim, fstflag::AtimNow));
  t.modified = SKIFF_IO_TRY(one(modified, fstflag::Mtim, fstflag::MtimNow));
  return t;
}

Io<void> P1State::fd_advise(Guest&, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice) {
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdAdvise));
  if (advice > static_cast<uint32_t>(Advice::NoReuse)) return io_fail(Errno::Inval);
  return file->advise(offset, length, static_cast<Advice>(advice));
}

Io<void> P1State::fd_allocate(Guest&, uint32_t fd, uint64_t offset, uint64_t length) {
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdAllocate));
  return file->allocate(offset, length);
}

Io<void> P1State::fd_close(Guest&, uint32_t fd) { return table_.close(fd); }

Io<void> P1State::fd_datasync(Guest&, uint32_t fd) {
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdDatasync));
  if (File* f = d->file()) return f->datasync();
  if (Dir* dir = d->dir()) return dir->sync();
  return io_fail(Errno::Inval);
}

Io<void> P1State::fd_sync(Guest&, uint32_t fd) {
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdSync));
  if (File* f = d->file()) return f->sync();
  if (Dir* dir = d->dir()) return dir->sync();
  return io_fail(Errno::Inval);
}

Io<void> P1State::fd_fdstat_get(Guest& g, uint32_t fd, uint32_t result) {
  const auto place = SKIFF_IO_TRY(g.bytes(result, kFdstatSize));
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  std::fill(place.begin(), place.end(), uint8_t{0});
  put_at(place, 0, number_of(d->type()));
  put_at(place, 2, static_cast<uint16_t>(flags_of(*d)));
  put_at(place, 8, d->base());
  put_at(place, 16, d->inheriting());
  return {};
}

Io<void> P1State::fd_fdstat_set_flags(Guest&, uint32_t fd, uint32_t flags) {
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdFdstatSetFlags));
  constexpr uint32_t kChangeable = fdflag::Append | fdflag::Nonblock;
  if (flags & ~fdflag::All) return io_fail(Errno::Inval);
  if ((flags ^ flags_of(*d)) & ~kChangeable) return io_fail(Errno::NotSup);
  const bool append = flags & fdflag::Append;
  const bool nonblocking = flags & fdflag::Nonblock;
  if (File* f = d->file()) return f->set_flags(append, nonblocking);
  if (d->dir()) return io_fail(Errno::BadF);
  if (append) return io_fail(Errno::NotSup);
  if (Socket* s = d->socket()) s->set_nonblocking(nonblocking);
  else d->stream_nonblocking = nonblocking;
  return {};
}

Io<void> P1State::fd_fdstat_set_rights(Guest&, uint32_t fd, uint64_t base, uint64_t inheriting) {
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  if ((base & ~d->base()) || (inheriting & ~d->inheriting())) return io_fail(Errno::NotCapable);
  d->dropped |= ~base;
  d->dropped_inheriting |= ~inheriting;
  return {};
}

Io<void> P1State::fd_filestat_get(Guest& g, uint32_t fd, uint32_t result) {
  const auto place = SKIFF_IO_TRY(filestat_place(g, result));
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdFilestatGet));
  FileStat st;
  if (const File* f = d->file()) st = SKIFF_IO_TRY(f->stat());
  else if (const Dir* dir = d->dir()) st = SKIFF_IO_TRY(dir->stat());
  else st.type = d->type();
  store_filestat(g.abi(), place, st);
  return {};
}

Io<void> P1State::fd_filestat_set_size(Guest&, uint32_t fd, uint64_t size) {
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdFilestatSetSize));
  return file->set_size(size);
}

Io<void> P1State::fd_filestat_set_times(Guest&, uint32_t fd, uint64_t accessed, uint64_t modified,
                                        uint32_t flags) {
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdFilestatSetTimes));
  const NewTimes t = SKIFF_IO_TRY(new_times(accessed, modified, flags));
  if (File* f = d->file()) return f->set_times(t.accessed, t.modified);
  if (Dir* dir = d->dir()) return dir->set_times(t.accessed, t.modified);
  return io_fail(Errno::BadF);
}

Io<void> P1State::fd_read(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdRead));
  size_t n = 0;
  if (File* f = d->file()) n = SKIFF_IO_TRY(f->read(vecs.view(), g.interrupt()));
  else if (Stream* s = d->stream()) n = SKIFF_IO_TRY(s->read(vecs.view()));
  else if (Socket* s = d->socket())
    n = SKIFF_IO_TRY(s->receive(vecs.view(), false, false, g.interrupt())).bytes;
  else return io_fail(Errno::BadF);
  out.set(static_cast<uint32_t>(n));
  return {};
}

Io<void> P1State::fd_write(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd, rights::FdWrite));
  size_t n = 0;
  if (File* f = d->file()) n = SKIFF_IO_TRY(f->write(vecs.view(), g.interrupt()));
  else if (Stream* s = d->stream()) n = SKIFF_IO_TRY(s->write(vecs.view()));
  else if (Socket* s = d->socket()) n = SKIFF_IO_TRY(s->send(vecs.view(), g.interrupt()));
  else return io_fail(Errno::BadF);
  out.set(static_cast<uint32_t>(n));
  return {};
}

Io<void> P1State::fd_pread(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset,
                           uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdRead | rights::FdSeek));
  out.set(static_cast<uint32_t>(SKIFF_IO_TRY(file->pread(vecs.view(), offset))));
  return {};
}

Io<void> P1State::fd_pwrite(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset,
                            uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdWrite | rights::FdSeek));
  out.set(static_cast<uint32_t>(SKIFF_IO_TRY(file->pwrite(vecs.view(), offset))));
  return {};
}

Io<void> P1State::fd_prestat_get(Guest& g, uint32_t fd, uint32_t result) {
  const auto place = SKIFF_IO_TRY(g.bytes(result, kPrestatSize));
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  if (!d->is_preopen) return io_fail(Errno::BadF);
  std::fill(place.begin(), place.end(), uint8_t{0});
  put_at(place, 4, static_cast<uint32_t>(d->guest_path.size()));
  return {};
}

Io<void> P1State::fd_prestat_dir_name(Guest& g, uint32_t fd, uint32_t path, uint32_t size) {
  const auto place = SKIFF_IO_TRY(g.bytes(path, size));
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  if (!d->is_preopen) return io_fail(Errno::BadF);
  if (place.size() < d->guest_path.size()) return io_fail(Errno::NameTooLong);
  std::memcpy(place.data(), d->guest_path.data(), d->guest_path.size());
  return {};
}

// Entries are packed; the last one may be cut off, which tells the guest that there are more.
Io<void> P1State::fd_readdir(Guest& g, uint32_t fd, uint32_t buffer, uint32_t size, uint64_t cookie,
                             uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  std::span<uint8_t> rest = SKIFF_IO_TRY(g.bytes(buffer, size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::FdReaddir));
  const auto append = [&](const void* bytes, size_t n) {
    n = std::min(n, rest.size());
    if (n != 0) std::memcpy(rest.data(), bytes, n);
    rest = rest.subspan(n);
  };
  const auto entry = [&](const DirEntry& e) {
    uint8_t dirent[kDirentSize] = {};
    put_at(dirent, 0, e.next);
    put_at(dirent, 8, e.inode);
    put_at(dirent, 16, static_cast<uint32_t>(e.name.size()));
    put_at(dirent, 20, number_of(e.type));
    append(dirent, sizeof dirent);
    append(e.name.data(), e.name.size());
    return !rest.empty() && !g.interrupt().asked();
  };
  if (!rest.empty()) SKIFF_IO_TRY(d->dir()->read_entries(cookie, size, entry));
  if (g.interrupt().asked()) return io_fail(Errno::Canceled);
  out.set(size - static_cast<uint32_t>(rest.size()));
  return {};
}

Io<void> P1State::fd_renumber(Guest&, uint32_t from, uint32_t to) { return table_.renumber(from, to); }

Io<void> P1State::fd_seek(Guest& g, uint32_t fd, uint64_t delta, uint32_t whence, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint64_t>(result));
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  if (d->stream() || d->socket()) return io_fail(Errno::SPipe);
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdSeek));
  if (whence > 2) return io_fail(Errno::Inval);
  constexpr Whence kUnstable[] = {Whence::Current, Whence::End, Whence::Set};
  const Whence w = g.abi() == Abi::Unstable ? kUnstable[whence] : static_cast<Whence>(whence);
  out.set(SKIFF_IO_TRY(file->seek(static_cast<int64_t>(delta), w)));
  return {};
}

Io<void> P1State::fd_tell(Guest& g, uint32_t fd, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint64_t>(result));
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  if (d->stream() || d->socket()) return io_fail(Errno::SPipe);
  File* file = SKIFF_IO_TRY(table_.file(fd, rights::FdTell));
  out.set(SKIFF_IO_TRY(file->seek(0, Whence::Current)));
  return {};
}

}  // namespace skiff::wasi
