// P1State: the functions of preview 1 as plain C++, one method for each row of p1.def, with the guest's
// parameters in order. Results are validated places first (Guest::out), effects second, so that a bad
// address never leaves something half done. Thread: one at a time.
#pragma once

#include "engine/exec/instance.h"
#include "wasi/p1/guest.h"
#include "wasi/p1/table.h"

namespace skiff::wasi {

class P1State final : public Attachment {
 public:
  /// Takes what `ctx` grants into a new table.
  explicit P1State(Ctx& ctx);

  /// The export "memory" of the caller, or null.
  LinearMemory* memory_of(VmCtx* caller);
  Scheduler* scheduler() const { return ctx_.scheduler; }

  // p1_misc.cc
  Io<void> args_get(Guest& g, uint32_t argv, uint32_t buffer);
  Io<void> args_sizes_get(Guest& g, uint32_t count, uint32_t size);
  Io<void> environ_get(Guest& g, uint32_t env, uint32_t buffer);
  Io<void> environ_sizes_get(Guest& g, uint32_t count, uint32_t size);
  Io<void> clock_res_get(Guest& g, uint32_t id, uint32_t result);
  Io<void> clock_time_get(Guest& g, uint32_t id, uint64_t precision, uint32_t result);
  Io<void> proc_exit(Guest& g, uint32_t status);
  Io<void> proc_raise(Guest& g, uint32_t signal);
  Io<void> sched_yield(Guest& g);
  Io<void> random_get(Guest& g, uint32_t buffer, uint32_t size);
  // p1_fd.cc
  Io<void> fd_advise(Guest& g, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice);
  Io<void> fd_allocate(Guest& g, uint32_t fd, uint64_t offset, uint64_t length);
  Io<void> fd_close(Guest& g, uint32_t fd);
  Io<void> fd_datasync(Guest& g, uint32_t fd);
  Io<void> fd_fdstat_get(Guest& g, uint32_t fd, uint32_t result);
  Io<void> fd_fdstat_set_flags(Guest& g, uint32_t fd, uint32_t flags);
  Io<void> fd_fdstat_set_rights(Guest& g, uint32_t fd, uint64_t base, uint64_t inheriting);
  Io<void> fd_filestat_get(Guest& g, uint32_t fd, uint32_t result);
  Io<void> fd_filestat_set_size(Guest& g, uint32_t fd, uint64_t size);
  Io<void> fd_filestat_set_times(Guest& g, uint32_t fd, uint64_t accessed, uint64_t modified, uint32_t flags);
  Io<void> fd_pread(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result);
  Io<void> fd_prestat_get(Guest& g, uint32_t fd, uint32_t result);
  Io<void> fd_prestat_dir_name(Guest& g, uint32_t fd, uint32_t path, uint32_t size);
  Io<void> fd_pwrite(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result);
  Io<void> fd_read(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result);
  Io<void> fd_readdir(Guest& g, uint32_t fd, uint32_t buffer, uint32_t size, uint64_t cookie,
                      uint32_t result);
  Io<void> fd_renumber(Guest& g, uint32_t from, uint32_t to);
  Io<void> fd_seek(Guest& g, uint32_t fd, uint64_t delta, uint32_t whence, uint32_t result);
  Io<void> fd_sync(Guest& g, uint32_t fd);
  Io<void> fd_tell(Guest& g, uint32_t fd, uint32_t result);
  Io<void> fd_write(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result);
  // p1_path.cc
  Io<void> path_create_directory(Guest& g, uint32_t fd, uint32_t path, uint32_t size);
  Io<void> path_filestat_get(Guest& g, uint32_t fd, uint32_t flags, uint32_t path, uint32_t size,
                             uint32_t result);
  Io<void> path_filestat_set_times(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size,
                                   uint64_t accessed, uint64_t modified, uint32_t flags);
  Io<void> path_link(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size, uint32_t new_fd,
                     uint32_t new_path, uint32_t new_size);
  Io<void> path_open(Guest& g, uint32_t fd, uint32_t lookup, uint32_t path, uint32_t size, uint32_t oflags,
                     uint64_t base, uint64_t inheriting, uint32_t fdflags, uint32_t result);
  Io<void> path_readlink(Guest& g, uint32_t fd, uint32_t path, uint32_t size, uint32_t buffer,
                         uint32_t buffer_size, uint32_t result);
  Io<void> path_remove_directory(Guest& g, uint32_t fd, uint32_t path, uint32_t size);
  Io<void> path_rename(Guest& g, uint32_t fd, uint32_t path, uint32_t size, uint32_t new_fd,
                       uint32_t new_path, uint32_t new_size);
  Io<void> path_symlink(Guest& g, uint32_t target, uint32_t target_size, uint32_t fd, uint32_t path,
                        uint32_t size);
  Io<void> path_unlink_file(Guest& g, uint32_t fd, uint32_t path, uint32_t size);
  // p1_poll.cc
  Io<void> poll_oneoff(Guest& g, uint32_t subscriptions, uint32_t events, uint32_t count, uint32_t result);
  // p1_sock.cc
  Io<void> sock_accept(Guest& g, uint32_t fd, uint32_t flags, uint32_t result);
  Io<void> sock_recv(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result,
                     uint32_t result_flags);
  Io<void> sock_send(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t result);
  Io<void> sock_shutdown(Guest& g, uint32_t fd, uint32_t how);

 private:
  Io<ClockSource*> clock(uint32_t id, ClockId& out);

  Ctx& ctx_;
  Table table_;
  Instance* cached_instance_ = nullptr;  // whose memory is cached_memory_
  LinearMemory* cached_memory_ = nullptr;
};

// Shared by p1_fd.cc and p1_path.cc.
/// Its number here; FIFOs have none.
constexpr uint8_t number_of(FileType type) {
  return static_cast<uint8_t>(type == FileType::Fifo ? FileType::Unknown : type);
}
/// Errors: Fault.
Io<std::span<uint8_t>> filestat_place(Guest& g, uint32_t p);
void store_filestat(Abi abi, std::span<uint8_t> place, const FileStat& st);
struct NewTimes {
  NewTime accessed, modified;
};
/// Errors: Inval for flags that are unknown or contradict each other.
Io<NewTimes> new_times(uint64_t accessed, uint64_t modified, uint32_t flags);

}  // namespace skiff::wasi
