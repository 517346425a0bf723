// Reservations by mmap(PROT_NONE, MAP_NORESERVE): committing part of one is an mprotect, which the kernel
// does not count against the overcommit limit, so a memory of 4 GiB works lazily on a small machine.
#include "engine/base/os_memory.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <limits>

#include "engine/base/bits.h"
#include "engine/base/check.h"

namespace skiff {
namespace {

// Rounds up to pages; false when that does not fit.
bool round_to_pages(uint64_t& bytes) {
  const uint64_t page = os_page_size();
  if (bytes > std::numeric_limits<size_t>::max() - page) return false;
  bytes = align_up(bytes, page);
  return true;
}

}  // namespace

uint64_t os_page_size() {
  static const uint64_t size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

uint8_t* os_reserve(uint64_t bytes) {
  if (bytes == 0 || !round_to_pages(bytes)) return nullptr;
  void* p = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<uint8_t*>(p);
}

bool os_commit(uint8_t* address, uint64_t bytes) {
  if (bytes == 0) return true;
  return mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

void os_discard(uint8_t* address, uint64_t bytes) {
  // Refused for locked memory: then at least the contents are as promised.
  if (bytes != 0 && madvise(address, bytes, MADV_DONTNEED) != 0) std::memset(address, 0, bytes);
}

void os_release(uint8_t* address, uint64_t bytes) {
  if (!address) return;
  SKIFF_CHECK(round_to_pages(bytes) && munmap(address, bytes) == 0);
}

bool os_can_reserve(uint64_t bytes, unsigned count) {
  std::array<uint8_t*, 64> taken{};
  SKIFF_CHECK(count <= taken.size());
  unsigned n = 0;
  while (n < count && (taken[n] = os_reserve(bytes))) ++n;
  for (unsigned i = 0; i < n; ++i) os_release(taken[i], bytes);
  return n == count;
}

bool os_thread_stack(uintptr_t& low, uintptr_t& high) {
  pthread_attr_t attr;
  if (pthread_getattr_np(pthread_self(), &attr) != 0) return false;
  void* address = nullptr;
  size_t size = 0;
  const bool ok = pthread_attr_getstack(&attr, &address, &size) == 0;
  pthread_attr_destroy(&attr);
  if (!ok) return false;
  low = reinterpret_cast<uintptr_t>(address);
  high = low + size;
  return true;
}

}  // namespace skiff
