// fd_readdir. Cookies count entries: 0 is ".", 1 is "..", then those of the host in its order. One directory is kept
// open between calls, with the entry that did not fit last; going back, or to another one, starts anew.
#include "component/tools/adapter/adapter.h"

enum { kNameMax = 4096 };
static struct {
  bool open, pending;  // pending: the entry at `next` has been read already
  uint32_t fd;
  Handle entries;
  uint64_t next;
  uint8_t type;
  uint32_t name_size;
  char name[kNameMax];
} cursor;

void forget_entries(uint32_t fd) {
  if (!cursor.open || cursor.fd != fd) return;
  drop_entries(cursor.entries);
  cursor.open = false;
}

// The entry at `next`, or none. Errors: those of the host.
static Errno peek(bool* some) {
  if (!cursor.pending) {
    const struct Mark before = mark();
    struct NextEntry got;
    next_entry(cursor.entries, &got);
    if (got.failed) return errno_of(got.error);
    *some = got.some;
    if (!got.some) return kSuccess;
    if (got.entry.name_size > kNameMax) return kNameTooLong;
    cursor.type = got.entry.type;
    cursor.name_size = got.entry.name_size;
    __builtin_memcpy(cursor.name, got.entry.name, got.entry.name_size);
    cursor.pending = true;
    release(before);
  }
  *some = true;
  return kSuccess;
}

static void advance(void) {
  cursor.pending = false;
  ++cursor.next;
}

// Makes the entry at `cookie` the next one.
static Errno go_to(const struct Descriptor* d, uint32_t fd, uint64_t cookie) {
  if (cursor.open && (cursor.fd != fd || cursor.next > cookie)) forget_entries(cursor.fd);
  if (!cursor.open) {
    struct Opened opened;
    read_directory(d->handle, &opened);
    if (opened.failed) return errno_of(opened.error);
    cursor.open = true;
    cursor.pending = false;
    cursor.fd = fd;
    cursor.entries = opened.handle;
    cursor.next = 2;
  }
  for (bool some = true; some && cursor.next < cookie;) {
    TRY(peek(&some));
    if (some) advance();
  }
  return kSuccess;
}

// Appends what fits of an entry to the program's buffer.
static Errno put_entry(uint32_t* address, uint32_t* room, uint64_t next, uint64_t inode, uint8_t type,
                       const char* name, uint32_t name_size) {
  const struct Dirent entry = {.next = next, .inode = inode, .name_size = name_size, .type = type};
  const uint32_t head = MIN(*room, kDirentSize);
  const uint32_t tail = MIN(*room - head, name_size);
  TRY(to_main(*address, &entry, head));
  TRY(to_main(*address + head, name, tail));
  *address += head + tail;
  *room -= head + tail;
  return kSuccess;
}

EXPORT(fd_readdir)(uint32_t fd, uint32_t address, uint32_t size, uint64_t cookie, uint32_t result) {
  begin();
  TRY(check_main(result, 4));
  TRY(check_main(address, size));
  struct Descriptor* d;
  TRY(get_directory(&d, fd, kFdReaddir));
  uint32_t room = size;
  if (cookie == 0) forget_entries(fd);  // whoever starts anew wants to see what has changed
  if (cookie < 2) {
    struct Hash hash;
    file_hash(d->handle, &hash);
    // ".." is given the inode of ".": what lies above is not this directory's to tell.
    for (; cookie < 2 && room != 0; ++cookie)
      TRY(put_entry(&address, &room, cookie + 1, hash.failed ? 0 : hash.lower, kDirectoryType, "..",
                    (uint32_t)cookie + 1));
  }
  if (room != 0) TRY(go_to(d, fd, cookie));
  while (room != 0) {
    bool some;
    TRY(peek(&some));
    if (!some) break;
    struct Hash hash;
    hash_at(d->handle, 0, cursor.name, cursor.name_size, &hash);
    TRY(put_entry(&address, &room, cursor.next + 1, hash.failed ? 0 : hash.lower, type_of(cursor.type), cursor.name,
                  cursor.name_size));
    if (room != 0) advance();  // else it may be cut off, and is asked for again
  }
  return put_u32(result, size - room);
}
