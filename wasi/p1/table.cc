// Descriptors, their numbers and rights.
#include "wasi/p1/table.h"

#include <algorithm>

namespace skiff::wasi {

File* P1Descriptor::file() const {
  const auto* p = std::get_if<std::shared_ptr<File>>(&what);
  return p ? p->get() : nullptr;
}
Stream* P1Descriptor::stream() const {
  const auto* p = std::get_if<std::shared_ptr<Stream>>(&what);
  return p ? p->get() : nullptr;
}
Socket* P1Descriptor::socket() const {
  const auto* p = std::get_if<std::shared_ptr<Socket>>(&what);
  return p ? p->get() : nullptr;
}

Rights P1Descriptor::base() const {
  Rights r = 0;
  if (const File* f = file()) {
    r = rights::kFile;
    if (!f->readable()) r &= ~Rights{rights::FdRead};
    if (!f->writable()) r &= ~Rights{rights::FdWrite | rights::FdAllocate | rights::FdFilestatSetSize};
    if (!f->seekable()) r &= ~Rights{rights::FdSeek | rights::FdTell};
  } else if (const Stream* s = stream()) {
    r = rights::kStream;
    if (s->readable()) r |= rights::FdRead;
    if (s->writable()) r |= rights::FdWrite;
  } else if (socket()) {
    r = rights::kSocket;
  } else {
    r = rights::kDir;
    if (std::get<Dir>(what).access() == Access::ReadOnly) r &= ~rights::kDirChange;
  }
  return r & ~dropped;
}

// Read-only trees inherit FdWrite too: asking for it must fail in path_open, not be masked away unseen by
// C libraries that ask for no more than what is inherited.
Rights P1Descriptor::inheriting() const {
  if (socket()) return rights::kSocket & ~dropped_inheriting;
  return std::holds_alternative<Dir>(what) ? (rights::kDir | rights::kFile) & ~dropped_inheriting : 0;
}

FileType P1Descriptor::type() const {
  if (const File* f = file()) return f->type();
  if (const Socket* s = socket()) return s->is_stream() ? FileType::SocketStream : FileType::SocketDgram;
  return stream() ? FileType::Unknown : FileType::Directory;
}

Io<P1Descriptor*> Table::get(uint32_t fd) {
  if (fd >= entries_.size() || !entries_[fd]) return io_fail(Errno::BadF);
  return entries_[fd].get();
}

Io<P1Descriptor*> Table::get(uint32_t fd, Rights rights) {
  P1Descriptor* d = SKIFF_IO_TRY(get(fd));
  if (d->dropped & rights) return io_fail(Errno::NotCapable);
  return d;
}

Io<P1Descriptor*> Table::dir(uint32_t fd, Rights rights) {
  P1Descriptor* d = SKIFF_IO_TRY(get(fd));
  if (!d->dir()) return io_fail(Errno::NotDir);
  return get(fd, rights);
}

Io<File*> Table::file(uint32_t fd, Rights rights) {
  P1Descriptor* d = SKIFF_IO_TRY(get(fd));
  if (!d->file()) return io_fail(Errno::BadF);
  SKIFF_IO_TRY(get(fd, rights));
  return d->file();
}

Io<Socket*> Table::socket(uint32_t fd, Rights rights) {
  P1Descriptor* d = SKIFF_IO_TRY(get(fd));
  if (!d->socket()) return io_fail(Errno::NotSock);
  SKIFF_IO_TRY(get(fd, rights));
  return d->socket();
}

Io<void> Table::check_room() const {
  if (open_ >= limit_) return io_fail(Errno::MFile);
  return {};
}

Io<uint32_t> Table::add(P1Descriptor descriptor) {
  SKIFF_IO_TRY(check_room());
  while (first_free_ < entries_.size() && entries_[first_free_]) ++first_free_;
  if (first_free_ == entries_.size()) entries_.emplace_back();
  entries_[first_free_] = std::make_unique<P1Descriptor>(std::move(descriptor));
  ++open_;
  return first_free_++;
}

Io<void> Table::close(uint32_t fd) {
  SKIFF_IO_TRY(get(fd));
  entries_[fd].reset();
  --open_;
  first_free_ = std::min(first_free_, fd);
  return {};
}

Io<void> Table::renumber(uint32_t from, uint32_t to) {
  SKIFF_IO_TRY(get(from));
  SKIFF_IO_TRY(get(to));
  if (from == to) return {};
  entries_[to] = std::move(entries_[from]);
  --open_;
  first_free_ = std::min(first_free_, from);
  return {};
}

}  // namespace skiff::wasi
