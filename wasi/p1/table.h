// The descriptor table of a guest. Numbers are reused, the lowest free one first; there are never more
// entries than the limit, whatever numbers a guest names.
//
// Rights. What a descriptor is able to do follows from what it is (the file's mode, the tree's access). A
// guest can only give rights up (fd_fdstat_set_rights): they are kept as what was dropped, and what is
// opened from a directory starts with what that directory's inheriting rights have lost.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "wasi/os/ctx.h"
#include "wasi/p1/abi.h"

namespace skiff::wasi {

struct P1Descriptor {
  std::variant<std::shared_ptr<File>, std::shared_ptr<Stream>, std::shared_ptr<Socket>, Dir> what;
  Rights dropped = 0;
  Rights dropped_inheriting = 0;
  bool is_preopen = false;
  std::string guest_path;        // of preopened directories
  bool stream_nonblocking = false;

  /// What is left to the guest.
  Rights base() const;
  Rights inheriting() const;
  FileType type() const;
  File* file() const;
  Stream* stream() const;
  Socket* socket() const;
  Dir* dir() { return std::get_if<Dir>(&what); }
};

class Table {
 public:
  explicit Table(uint32_t limit) : limit_(limit) {}

  /// Errors: BadF.
  Io<P1Descriptor*> get(uint32_t fd);
  /// As get; NotCapable when one of the rights was given up.
  Io<P1Descriptor*> get(uint32_t fd, Rights rights);
  /// A directory. Errors: BadF for what is not open, NotDir for what is no directory.
  Io<P1Descriptor*> dir(uint32_t fd, Rights rights);
  /// A regular file or the like. Errors: BadF.
  Io<File*> file(uint32_t fd, Rights rights);
  Io<Socket*> socket(uint32_t fd, Rights rights);

  /// Errors: MFile when there are as many as may be.
  Io<void> check_room() const;
  Io<uint32_t> add(P1Descriptor descriptor);
  Io<void> close(uint32_t fd);
  /// Moves `from` to the number `to`, closing what was there. Errors: BadF unless both are open.
  Io<void> renumber(uint32_t from, uint32_t to);

 private:
  std::vector<std::unique_ptr<P1Descriptor>> entries_;
  uint32_t limit_;
  uint32_t open_ = 0;
  uint32_t first_free_ = 0;      // nothing is free below
};

}  // namespace skiff::wasi
