// Reservations by mmap(PROT_NONE, MAP_NORESERVE): committing part of one is an mprotect, which the kernel
// does not count against the overcommit limit, so a memory of 4 GiB works lazily on a small machine.
#include "engine/base/os_memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>

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

bool os_protect(uint8_t* address, uint64_t bytes) {
  return bytes == 0 || mprotect(address, bytes, PROT_NONE) == 0;
}

bool os_drop(uint8_t* address, uint64_t bytes) {
  return bytes == 0 || madvise(address, bytes, MADV_DONTNEED) == 0;
}

void os_avoid_huge_pages(uint8_t* address, uint64_t bytes) {
#ifdef MADV_NOHUGEPAGE
  (void)madvise(address, bytes, MADV_NOHUGEPAGE);  // refused where there are none
#endif
}

int os_make_memory_file(const void* bytes, uint64_t size) {
  const int fd = memfd_create("skiff", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  uint64_t done = 0;
  while (done < size) {
    const ssize_t n = pwrite(fd, static_cast<const uint8_t*>(bytes) + done, size - done, static_cast<off_t>(done));
    if (n <= 0) break;
    done += static_cast<uint64_t>(n);
  }
  if (done == size && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0) return fd;
  close(fd);
  return -1;
}

bool os_map_private(uint8_t* address, uint64_t bytes, int fd, uint64_t offset) {
  return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
              static_cast<off_t>(offset)) != MAP_FAILED;
}

const uint8_t* os_map_readonly(uint64_t bytes, int fd, uint64_t offset) {
  void* p = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
  return p == MAP_FAILED ? nullptr : static_cast<const uint8_t*>(p);
}

// What <linux/fs.h> of newer systems declares.
namespace {

struct PagemapScan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
static_assert(sizeof(PagemapScan) == 96 && sizeof(DirtyPages::Range) == 24);
constexpr unsigned long kPagemapScan = _IOWR('f', 16, PagemapScan);
constexpr uint64_t kPageIsFile = 4, kPageIsPresent = 8, kPageIsSwapped = 16, kPageIsZeroPage = 32;

}  // namespace

// A descriptor speaks of the memory of the process that opened it: a child after fork() must open its own.
DirtyPages::DirtyPages() {
  void* page = mmap(nullptr, os_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED && madvise(page, os_page_size(), MADV_WIPEONFORK) != 0) {
    munmap(page, os_page_size());
    page = MAP_FAILED;
  }
  descriptor_ = page == MAP_FAILED ? nullptr : new (page) std::atomic<int>(0);
}

DirtyPages::~DirtyPages() {
  if (!descriptor_) return;
  if (const int fd = descriptor_->load(std::memory_order_acquire); fd > 0) close(fd);
  munmap(descriptor_, os_page_size());
}

// -1: there is none. Descriptor 0 would be taken for "none yet", which only costs another attempt.
int DirtyPages::descriptor() const {
  if (!descriptor_) return -1;
  int fd = descriptor_->load(std::memory_order_acquire);
  if (fd != 0) return fd;
  const int opened = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (descriptor_->compare_exchange_strong(fd, opened, std::memory_order_acq_rel)) return opened;
  if (opened > 0) close(opened);
  return fd;
}

// Written pages of a private mapping are anonymous: neither the file's nor the page of zeros that reading maps.
int DirtyPages::find(const uint8_t* begin, const uint8_t* end, Range* out, unsigned capacity, uint64_t max_pages,
                     const uint8_t*& next) {
  const int fd = descriptor();
  if (fd < 0) return -1;
  PagemapScan scan{};
  scan.size = sizeof scan;
  scan.start = reinterpret_cast<uint64_t>(begin);
  scan.end = reinterpret_cast<uint64_t>(end);
  scan.vec = reinterpret_cast<uint64_t>(out);
  scan.vec_len = capacity;
  scan.max_pages = max_pages;
  scan.category_inverted = scan.category_mask = kPageIsFile | kPageIsZeroPage;
  scan.category_anyof_mask = kPageIsPresent | kPageIsSwapped;
  scan.return_mask = kPageIsPresent;
  const int found = ioctl(fd, kPagemapScan, &scan);
  if (found >= 0) next = reinterpret_cast<const uint8_t*>(scan.walk_end);
  return found;
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
