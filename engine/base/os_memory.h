// Address space from the operating system: reserve, make accessible, give back. The only place that calls
// mmap and its relatives for anonymous memory.
// Units: bytes; addresses and sizes are multiples of os_page_size() unless said otherwise.
#pragma once

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

/// Gives a whole reservation back. Null is allowed.
void os_release(uint8_t* address, uint64_t bytes);

/// True when `count` reservations of `bytes` can be had at the same time; takes nothing.
bool os_can_reserve(uint64_t bytes, unsigned count);

/// The calling thread's stack, lowest address and one past the highest. False when not known.
bool os_thread_stack(uintptr_t& low, uintptr_t& high);

}  // namespace skiff
