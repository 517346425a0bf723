// path_*: what names something beneath a directory.
#include <algorithm>
#include <cstring>

#include "wasi/p1/state.h"

namespace skiff::wasi {
namespace {

Io<bool> follow_of(uint32_t lookup) {
  if (lookup & ~lookupflag::All) return io_fail(Errno::Inval);
  return (lookup & lookupflag::SymlinkFollow) != 0;
}

Io<OpenOptions> open_options(uint32_t lookup, uint32_t oflags, Rights base, uint32_t fdflags) {
  if ((oflags & ~oflag::All) || (fdflags & ~fdflag::All)) return io_fail(Errno::Inval);
  OpenOptions o;
  o.follow = SKIFF_IO_TRY(follow_of(lookup));
  o.read = (base & rights::FdRead) != 0;
  o.write = (base & rights::FdWrite) != 0;
  o.create = oflags & oflag::Creat;
  o.directory = oflags & oflag::Directory;
  o.exclusive = oflags & oflag::Excl;
  o.truncate = oflags & oflag::Trunc;
  o.append = fdflags & fdflag::Append;
  o.dsync = fdflags & fdflag::Dsync;
  o.nonblocking = fdflags & fdflag::Nonblock;
  o.rsync = fdflags & fdflag::Rsync;
  o.sync = fdflags & fdflag::Sync;
  return o;
}

// What has been given up in one tree must not come back by moving a file to another.
Io<void> check_transfer(const P1Descriptor& from, const P1Descriptor& to) {
  if (from.dropped_inheriting & ~to.dropped_inheriting) return io_fail(Errno::NotCapable);
  return {};
}

}  // namespace

Io<void> P1State::path_create_directory(Guest& g, uint32_t fd, uint32_t path, uint32_t size) {
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  return SKIFF_IO_TRY(table_.dir(fd, rights::PathCreateDirectory))->dir()->create_directory_at(name);
}

Io<void> P1State::path_filestat_get(Guest& g, uint32_t fd, uint32_t flags, uint32_t path, uint32_t size,
                                    uint32_t result) {
  const auto place = SKIFF_IO_TRY(filestat_place(g, result));
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::PathFilestatGet));
  const bool follow = SKIFF_IO_TRY(follow_of(flags));
  store_filestat(g.abi(), place, SKIFF_IO_TRY(d->dir()->stat_at(name, follow)));
  return {};
}

Io<void> P1State::path_filestat_set_times(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path,
                                          uint32_t size, uint64_t accessed, uint64_t modified,
                                          uint32_t flags) {
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::PathFilestatSetTimes));
  const bool follow = SKIFF_IO_TRY(follow_of(lookup));
  const NewTimes t = SKIFF_IO_TRY(new_times(accessed, modified, flags));
  return d->dir()->set_times_at(name, follow, t.accessed, t.modified);
}

Io<void> P1State::path_link(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size,
                            uint32_t new_fd, uint32_t new_path, uint32_t new_size) {
  const std::string from = SKIFF_IO_TRY(g.path(path, size));
  const std::string to = SKIFF_IO_TRY(g.path(new_path, new_size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::PathLinkSource));
  P1Descriptor* new_d = SKIFF_IO_TRY(table_.dir(new_fd, rights::PathLinkTarget));
  if (SKIFF_IO_TRY(follow_of(lookup)))
    return io_fail(Errno::Inval);  // a link to a link's target: not offered
  SKIFF_IO_TRY(check_transfer(*d, *new_d));
  return d->dir()->link_at(from, *new_d->dir(), to);
}

// Of the rights asked for, reading and writing choose the mode; the rest follows from what is opened.
Io<void> P1State::path_open(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size,
                            uint32_t oflags, uint64_t base, uint64_t, uint32_t fdflags, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  const OpenOptions options = SKIFF_IO_TRY(open_options(lookup, oflags, base, fdflags));
  Rights needed = rights::PathOpen;
  if (options.create) needed |= rights::PathCreateFile;
  if (options.truncate) needed |= rights::PathFilestatSetSize;
  const P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, needed));
  if (base & (rights::FdRead | rights::FdWrite) & d->dropped_inheriting) return io_fail(Errno::NotCapable);
  SKIFF_IO_TRY(table_.check_room());
  auto opened = SKIFF_IO_TRY(std::get<Dir>(d->what).open_at(name, options));
  P1Descriptor made{.what = std::shared_ptr<File>()};
  std::visit([&](auto& what) { made.what = std::move(what); }, opened);
  made.dropped = made.dropped_inheriting = d->dropped_inheriting;
  out.set(SKIFF_IO_TRY(table_.add(std::move(made))));
  return {};
}

Io<void> P1State::path_readlink(Guest& g, uint32_t fd, uint32_t path, uint32_t size, uint32_t buffer,
                                uint32_t buffer_size, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  const auto place = SKIFF_IO_TRY(g.bytes(buffer, buffer_size));
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::PathReadlink));
  const std::string target = SKIFF_IO_TRY(d->dir()->readlink_at(name));
  const size_t n = std::min(target.size(), place.size());
  if (n != 0) std::memcpy(place.data(), target.data(), n);
  out.set(static_cast<uint32_t>(n));
  return {};
}

Io<void> P1State::path_remove_directory(Guest& g, uint32_t fd, uint32_t path, uint32_t size) {
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  return SKIFF_IO_TRY(table_.dir(fd, rights::PathRemoveDirectory))->dir()->remove_directory_at(name);
}

Io<void> P1State::path_rename(Guest& g, uint32_t fd, uint32_t path, uint32_t size, uint32_t new_fd,
                              uint32_t new_path, uint32_t new_size) {
  const std::string from = SKIFF_IO_TRY(g.path(path, size));
  const std::string to = SKIFF_IO_TRY(g.path(new_path, new_size));
  P1Descriptor* d = SKIFF_IO_TRY(table_.dir(fd, rights::PathRenameSource));
  P1Descriptor* new_d = SKIFF_IO_TRY(table_.dir(new_fd, rights::PathRenameTarget));
  SKIFF_IO_TRY(check_transfer(*d, *new_d));
  return d->dir()->rename_at(from, *new_d->dir(), to);
}

Io<void> P1State::path_symlink(Guest& g, uint32_t target, uint32_t target_size, uint32_t fd, uint32_t path,
                               uint32_t size) {
  const std::string text = SKIFF_IO_TRY(g.path(target, target_size));
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  return SKIFF_IO_TRY(table_.dir(fd, rights::PathSymlink))->dir()->symlink_at(text, name);
}

Io<void> P1State::path_unlink_file(Guest& g, uint32_t fd, uint32_t path, uint32_t size) {
  const std::string name = SKIFF_IO_TRY(g.path(path, size));
  return SKIFF_IO_TRY(table_.dir(fd, rights::PathUnlinkFile))->dir()->unlink_file_at(name);
}

}  // namespace skiff::wasi
