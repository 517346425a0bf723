// The adapter's own memory and the way to the program's. Memory beyond the static data is handed out upwards: what
// stays below `base`, what the current call uses above it.
#include "component/tools/adapter/adapter.h"

#define MAIN(name) __attribute__((import_module("__main_memory__"), import_name(name)))
MAIN("read") void main_read(void* to, uint32_t from, uint32_t size);
MAIN("write") void main_write(uint32_t to, const void* from, uint32_t size);
MAIN("size") uint32_t main_size(void);

extern unsigned char __heap_base;
static size_t base, at;
enum { kAlign = 16, kPage = 65536, kPathMax = 4096 };

static void* take(size_t size) {
  const size_t from = (at + kAlign - 1) & ~(size_t)(kAlign - 1);
  const uint64_t end = (uint64_t)from + size;
  const uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * kPage;
  if (end > have && __builtin_wasm_memory_grow(0, (size_t)((end - have + kPage - 1) / kPage)) == (size_t)-1)
    __builtin_trap();
  at = (size_t)end;
  return (void*)from;
}

void begin(void) {
  if (base == 0) base = (size_t)&__heap_base;
  at = base;
}
void* temporary(size_t size) { return take(size); }
struct Mark mark(void) { return (struct Mark){at}; }
void release(struct Mark mark) { at = mark.at; }

void* keep(size_t size) {
  void* p = take(size);
  base = at;
  return p;
}

// The canonical ABI's realloc, for lists and strings that the host returns.
__attribute__((export_name("cabi_import_realloc"))) void* import_realloc(void* old, size_t old_size, size_t align,
                                                                         size_t size) {
  (void)align;  // none is beyond kAlign
  void* p = take(size);
  if (old) __builtin_memcpy(p, old, MIN(old_size, size));
  return p;
}

Errno check_main(uint32_t address, uint64_t size) {
  const uint64_t have = (uint64_t)main_size() * kPage;
  return size > have || address > have - size ? kFault : kSuccess;
}

Errno from_main(void* to, uint32_t address, uint64_t size) {
  TRY(check_main(address, size));
  main_read(to, address, (uint32_t)size);
  return kSuccess;
}

Errno to_main(uint32_t address, const void* from, uint64_t size) {
  TRY(check_main(address, size));
  main_write(address, from, (uint32_t)size);
  return kSuccess;
}

Errno put_u32(uint32_t address, uint32_t value) { return to_main(address, &value, sizeof value); }
Errno put_u64(uint32_t address, uint64_t value) { return to_main(address, &value, sizeof value); }

// Strings of components are UTF-8 or trap: found out before.
static bool is_utf8(const unsigned char* p, const unsigned char* end) {
  while (p != end) {
    const unsigned char c = *p++;
    if (c < 0x80) continue;
    const int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    if (c < 0xC2 || c > 0xF4 || end - p < more) return false;
    const unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[0] < low || p[0] > high) return false;
    for (int i = 1; i < more; ++i)
      if ((p[i] & 0xC0) != 0x80) return false;
    p += more;
  }
  return true;
}

Errno path_from_main(struct Text* path, uint32_t address, uint32_t size) {
  TRY(check_main(address, size));
  if (size >= kPathMax) return kNameTooLong;
  path->data = temporary(size);
  path->size = size;
  TRY(from_main(path->data, address, size));
  if (!is_utf8((unsigned char*)path->data, (unsigned char*)path->data + size)) return kIlSeq;
  for (uint32_t i = 0; i < size; ++i)
    if (path->data[i] == 0) return kInval;
  return kSuccess;
}
