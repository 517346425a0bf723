// Address space from the operating system: reserve, make accessible, give back; private copies of files in it; which
// pages of it were written. The only place that calls mmap and its relatives for anonymous memory.
// Units: bytes; addresses and sizes are multiples of os_page_size() unless said otherwise.
#pragma once

#include <atomic>
#include <cstdint>

namespace skiff {

/// Bytes of a page of this machine (4 KiB to 64 KiB).
uint64_t os_page_size();

/// Reserves inaccessible address space that costs no memory; null when there is none. `bytes` need not be
/// a multiple of the page size.
uint8_t* os_reserve(uint64_t bytes);

/// Makes part of a reservation readable and writable. Memory is zero at its first access and is only then
/// taken. False when the system refuses.
[[nodiscard]] bool os_commit(uint8_t* address, uint64_t bytes);

/// Gives the memory behind committed pages back to the system; they stay accessible and read as zero.
void os_discard(uint8_t* address, uint64_t bytes);

/// Makes committed pages inaccessible again. They keep their contents and memory. False when the system refuses.
[[nodiscard]] bool os_protect(uint8_t* address, uint64_t bytes);

/// As os_discard, but for private mappings of files too, whose pages become those of the file again. False when the
/// system refuses (locked memory): then nothing has changed.
[[nodiscard]] bool os_drop(uint8_t* address, uint64_t bytes);

/// Keeps the system from backing these pages by huge ones, whose every write would count as one of 2 MiB.
void os_avoid_huge_pages(uint8_t* address, uint64_t bytes);

/// A file in memory with these bytes, which nobody can change any more; -1 where the system has no such files. The
/// descriptor is the caller's to close.
int os_make_memory_file(const void* bytes, uint64_t size);

/// Replaces part of a reservation by a private, writable copy of part of a file, which is made page by page where it is
/// written. False when the system refuses: then the pages must not be used any more.
[[nodiscard]] bool os_map_private(uint8_t* address, uint64_t bytes, int fd, uint64_t offset);

/// Maps part of a file for reading; null when the system refuses. For os_release.
const uint8_t* os_map_readonly(uint64_t bytes, int fd, uint64_t offset);

/// Finds the pages of a private mapping that have been written, by asking the system (Linux 6.7). One call takes about
/// a microsecond and 5 ns for each page that is there.
class DirtyPages {
 public:
  struct Range {
    uint64_t begin, end, unused;  // addresses
  };
  DirtyPages();
  ~DirtyPages();
  DirtyPages(const DirtyPages&) = delete;

  /// Writes up to `capacity` ranges to `out`, in order, with at most `max_pages` pages in them, and returns their
  /// number; `next`: where to go on, `end` when all was looked at. -1: not known here.   Thread: any
  int find(const uint8_t* begin, const uint8_t* end, Range* out, unsigned capacity, uint64_t max_pages,
           const uint8_t*& next);

 private:
  int descriptor() const;
  std::atomic<int>* descriptor_;  // 0: none yet; in a page that is empty in a child after fork()
};

/// Gives a whole reservation back. Null is allowed.
void os_release(uint8_t* address, uint64_t bytes);

/// True when `count` reservations of `bytes` can be had at the same time; takes nothing.
bool os_can_reserve(uint64_t bytes, unsigned count);

/// The calling thread's stack, lowest address and one past the highest. False when not known.
bool os_thread_stack(uintptr_t& low, uintptr_t& high);

}  // namespace skiff
