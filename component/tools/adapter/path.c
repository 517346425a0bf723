// path_*: what names something beneath a directory.
#include "component/tools/adapter/adapter.h"

static Errno check_lookup(uint32_t flags) { return flags & ~(uint32_t)kFollow ? kInval : kSuccess; }

// What has been given up in one tree must not come back by moving a file to another.
static Errno check_move(const struct Descriptor* from, const struct Descriptor* to) {
  return from->dropped_inheriting & ~to->dropped_inheriting ? kNotCapable : kSuccess;
}

// A directory and a path beneath it.
static Errno place(struct Descriptor** d, struct Text* path, uint32_t fd, uint32_t address, uint32_t size,
                   Rights needed) {
  TRY(path_from_main(path, address, size));
  return get_directory(d, fd, needed);
}

typedef void PathFunction(Handle, const char*, uint32_t, struct Done*);
static Errno by_path(PathFunction* function, uint32_t fd, uint32_t address, uint32_t size, Rights needed) {
  begin();
  struct Descriptor* d;
  struct Text path;
  TRY(place(&d, &path, fd, address, size, needed));
  struct Done result;
  function(d->handle, path.data, path.size, &result);
  return done(&result);
}

EXPORT(path_create_directory)(uint32_t fd, uint32_t address, uint32_t size) {
  return by_path(create_directory_at, fd, address, size, kPathCreateDirectory);
}
EXPORT(path_remove_directory)(uint32_t fd, uint32_t address, uint32_t size) {
  return by_path(remove_directory_at, fd, address, size, kPathRemoveDirectory);
}
EXPORT(path_unlink_file)(uint32_t fd, uint32_t address, uint32_t size) {
  return by_path(unlink_file_at, fd, address, size, kPathUnlinkFile);
}

EXPORT(path_filestat_get)(uint32_t fd, uint32_t lookup, uint32_t address, uint32_t size, uint32_t result) {
  begin();
  TRY(check_main(result, sizeof(struct Filestat)));
  struct Descriptor* d;
  struct Text path;
  TRY(place(&d, &path, fd, address, size, kPathFilestatGet));
  TRY(check_lookup(lookup));
  struct Stat stat;
  stat_at(d->handle, lookup, path.data, path.size, &stat);
  if (stat.failed) return errno_of(stat.error);
  struct Hash hash;
  hash_at(d->handle, lookup, path.data, path.size, &hash);
  return put_filestat(result, &stat.facts, hash.failed ? 0 : hash.lower);
}

EXPORT(path_filestat_set_times)(uint32_t fd, uint32_t lookup, uint32_t address, uint32_t size, uint64_t accessed,
                                uint64_t modified, uint32_t flags) {
  begin();
  struct Descriptor* d;
  struct Text path;
  TRY(place(&d, &path, fd, address, size, kPathFilestatSetTimes));
  TRY(check_lookup(lookup));
  struct Moment a, m;
  TRY(new_times(&a, &m, accessed, modified, flags));
  struct Done result;
  set_times_at(d->handle, lookup, path.data, path.size, a.kind, a.seconds, a.nanoseconds, m.kind, m.seconds,
               m.nanoseconds, &result);
  return done(&result);
}

EXPORT(path_link)(uint32_t fd, uint32_t lookup, uint32_t address, uint32_t size, uint32_t new_fd,
                  uint32_t new_address, uint32_t new_size) {
  begin();
  struct Descriptor *d, *new_d;
  struct Text path, new_path;
  TRY(place(&d, &path, fd, address, size, kPathLinkSource));
  TRY(place(&new_d, &new_path, new_fd, new_address, new_size, kPathLinkTarget));
  TRY(check_lookup(lookup));
  TRY(check_move(d, new_d));
  struct Done result;
  link_at(d->handle, lookup, path.data, path.size, new_d->handle, new_path.data, new_path.size, &result);
  return done(&result);
}

EXPORT(path_rename)(uint32_t fd, uint32_t address, uint32_t size, uint32_t new_fd, uint32_t new_address,
                    uint32_t new_size) {
  begin();
  struct Descriptor *d, *new_d;
  struct Text path, new_path;
  TRY(place(&d, &path, fd, address, size, kPathRenameSource));
  TRY(place(&new_d, &new_path, new_fd, new_address, new_size, kPathRenameTarget));
  TRY(check_move(d, new_d));
  struct Done result;
  rename_at(d->handle, path.data, path.size, new_d->handle, new_path.data, new_path.size, &result);
  return done(&result);
}

EXPORT(path_symlink)(uint32_t target, uint32_t target_size, uint32_t fd, uint32_t address, uint32_t size) {
  begin();
  struct Text text, path;
  TRY(path_from_main(&text, target, target_size));
  struct Descriptor* d;
  TRY(place(&d, &path, fd, address, size, kPathSymlink));
  struct Done result;
  symlink_at(d->handle, text.data, text.size, path.data, path.size, &result);
  return done(&result);
}

EXPORT(path_readlink)(uint32_t fd, uint32_t address, uint32_t size, uint32_t to, uint32_t room, uint32_t result) {
  begin();
  TRY(check_main(result, 4));
  TRY(check_main(to, room));
  struct Descriptor* d;
  struct Text path;
  TRY(place(&d, &path, fd, address, size, kPathReadlink));
  struct Bytes target;
  readlink_at(d->handle, path.data, path.size, &target);
  if (target.failed) return errno_of(target.error);
  const uint32_t n = MIN(target.size, room);
  TRY(to_main(to, target.data, n));
  return put_u32(result, n);
}

// Of the rights asked for, reading and writing choose the mode; the rest follows from what is opened.
EXPORT(path_open)(uint32_t fd, uint32_t lookup, uint32_t address, uint32_t size, uint32_t oflags, Rights base,
                  Rights inheriting, uint32_t fdflags, uint32_t result) {
  (void)inheriting;
  begin();
  TRY(check_main(result, 4));
  struct Text path;
  TRY(path_from_main(&path, address, size));
  TRY(check_lookup(lookup));
  if ((oflags & ~kAllOpenFlags) || (fdflags & ~kAllFdFlags)) return kInval;
  struct Descriptor* d;
  TRY(get_directory(&d, fd, kPathOpen | (oflags & kCreat ? kPathCreateFile : 0) |
                                (oflags & kTrunc ? kPathFilestatSetSize : 0)));
  if (base & (kFdRead | kFdWrite) & d->dropped_inheriting) return kNotCapable;

  struct Descriptor made = {.readable = (base & kFdRead) != 0,
                            .writable = (base & kFdWrite) != 0,
                            .flags = (uint16_t)fdflags,
                            .dropped = d->dropped_inheriting,
                            .dropped_inheriting = d->dropped_inheriting};
  uint32_t flags = (made.readable ? kRead : 0) | (made.writable ? kWrite : 0);
  if (fdflags & kDsync) flags |= kDataSync;
  if (fdflags & kRsync) flags |= kReadSync;
  if (fdflags & kSync) flags |= kFileSync;
  struct Opened opened;
  open_at(d->handle, lookup, path.data, path.size, oflags, flags, &opened);  // the flags have the same bits in both
  if (opened.failed) return errno_of(opened.error);
  made.handle = opened.handle;
  struct Small type;
  file_type(made.handle, &type);
  if (type.failed) {
    drop_descriptor(made.handle);
    return errno_of(type.error);
  }
  made.type = type_of(type.value);
  made.kind = made.type == kDirectoryType ? kDirectory : kFile;
  if (made.kind == kDirectory) made.writable = d->writable;
  return put_u32(result, add_descriptor(&made));
}
