// Guest: the caller of one host call. It is the only way from a guest's address to host memory: every
// access is checked against the memory's present size, in 64 bits, so nothing overflows. Arrays that guests
// describe (iovecs) are copied before they are checked, since other threads may change them meanwhile.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>

#include "engine/base/bits.h"
#include "engine/exec/memory.h"
#include "engine/exec/store.h"
#include "wasi/os/errno.h"
#include "wasi/os/poll.h"
#include "wasi/p1/abi.h"

namespace skiff::wasi {

/// A checked place in guest memory for a T.
template <class T>
class Out {
 public:
  explicit Out(uint8_t* at) : at_(at) {}
  void set(T value) { store_unaligned(at_, value); }

 private:
  uint8_t* at_;
};

/// The buffers of a vectored transfer. More than kMax are not looked at: the transfer is a partial one.
struct IoVecs {
  static constexpr uint32_t kMax = 256;
  iovec vecs[kMax];
  size_t count = 0;
  std::span<const iovec> view() const { return {vecs, count}; }
};

class Guest {
 public:
  /// `scheduler`: how calls wait; null: the thread stops.
  Guest(Store& store, LinearMemory* memory, Abi abi, Scheduler* scheduler)
      : store_(store), memory_(memory), abi_(abi), scheduler_(scheduler) {}

  Abi abi() const { return abi_; }
  Interrupt interrupt() const { return {&store_.vm().interrupt, scheduler_}; }

  /// n bytes at p. Errors: Fault.
  Io<std::span<uint8_t>> bytes(uint32_t p, uint64_t n) {
    if (!memory_) return missing_ = true, io_fail(Errno::Fault);
    const std::span<uint8_t> all = memory_->bytes();
    if (!in_bounds(p, n, all.size())) return io_fail(Errno::Fault);
    return all.subspan(p, static_cast<size_t>(n));
  }
  template <class T>
  Io<Out<T>> out(uint32_t p) {
    return Out<T>(SKIFF_IO_TRY(bytes(p, sizeof(T))).data());
  }
  /// Copies the descriptors of `count` buffers and checks each. Errors: Fault.
  Io<void> iovecs(uint32_t p, uint32_t count, IoVecs& vecs);
  /// Errors: Fault; NameTooLong; IlSeq unless it is UTF-8; Inval for NUL bytes.
  Io<std::string> path(uint32_t p, uint32_t n);

  /// Ends the program after this call.
  Io<void> exit(int32_t status) {
    exits_ = true;
    status_ = status;
    return {};
  }

  /// What the call comes to: an errno in `result`, or the end of the program, or a trap.
  Outcome finish(const Io<void>& done, Slot* result);

 private:
  Store& store_;
  LinearMemory* memory_;
  Abi abi_;
  Scheduler* scheduler_;
  bool missing_ = false;  // memory was needed, and there is none
  bool exits_ = false;
  int32_t status_ = 0;
};

}  // namespace skiff::wasi
