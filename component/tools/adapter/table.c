// Descriptors by number: standard streams, directories that the program was given, what it opens.
#include "component/tools/adapter/adapter.h"

static struct Descriptor* table;
static uint32_t used, room;

uint8_t type_of(uint8_t descriptor_type) {
  static const uint8_t kTypes[] = {kUnknownType, kBlockDevice,  kCharacterDevice, kDirectoryType,
                                   kUnknownType, kSymbolicLink, kRegularFile,     kSocketStream};
  return descriptor_type < sizeof kTypes ? kTypes[descriptor_type] : kUnknownType;
}

uint32_t add_descriptor(const struct Descriptor* made) {
  uint32_t fd = 0;
  while (fd < used && table[fd].kind != kFree) ++fd;
  if (fd == room) {
    struct Descriptor* larger = keep(2 * (room + 8) * sizeof *larger);
    if (used != 0) __builtin_memcpy(larger, table, used * sizeof *larger);
    table = larger;
    room = 2 * (room + 8);
  }
  if (fd == used) ++used;
  table[fd] = *made;
  return fd;
}

static void add_stdio(uint32_t number, void (*terminal)(struct OptionalHandle*), void (*drop)(Handle)) {
  struct OptionalHandle handle;
  terminal(&handle);
  if (handle.some) drop(handle.handle);
  add_descriptor(&(struct Descriptor){.kind = kStdio,
                                      .type = handle.some ? kCharacterDevice : kUnknownType,
                                      .readable = number == 0,
                                      .writable = number != 0,
                                      .handle = number});
}

static void set_up(void) {
  add_stdio(0, get_terminal_stdin, drop_terminal_input);
  add_stdio(1, get_terminal_stdout, drop_terminal_output);
  add_stdio(2, get_terminal_stderr, drop_terminal_output);
  struct Preopens preopens;
  get_directories(&preopens);
  keep(0);  // the names stay
  for (uint32_t i = 0; i < preopens.size; ++i) {
    const struct Preopen* p = &preopens.data[i];
    struct Small flags;
    file_flags(p->handle, &flags);
    add_descriptor(&(struct Descriptor){.kind = kDirectory,
                                        .type = kDirectoryType,
                                        .writable = !flags.failed && (flags.value & kMutate),
                                        .is_preopen = true,
                                        .handle = p->handle,
                                        .name = p->path});
  }
}

Errno get(struct Descriptor** d, uint32_t fd, Rights needed) {
  if (used == 0) set_up();
  if (fd >= used || table[fd].kind == kFree) return kBadF;
  *d = &table[fd];
  return (*d)->dropped & needed ? kNotCapable : kSuccess;
}

Errno get_file(struct Descriptor** d, uint32_t fd, Rights needed) {
  TRY(get(d, fd, 0));
  if ((*d)->kind != kFile) return kBadF;
  return get(d, fd, needed);
}

Errno get_directory(struct Descriptor** d, uint32_t fd, Rights needed) {
  TRY(get(d, fd, 0));
  if ((*d)->kind != kDirectory) return kNotDir;
  return get(d, fd, needed);
}

Rights base_rights(const struct Descriptor* d) {
  Rights r = 0;
  if (d->kind == kDirectory) {
    r = d->writable ? kDirRights : kDirRights & ~kDirChangeRights;
  } else {
    r = d->kind == kFile ? kFileRights : kStreamRights | kFdRead | kFdWrite;
    if (!d->readable) r &= ~(Rights)kFdRead;
    if (!d->writable) r &= ~(Rights)(kFdWrite | kFdAllocate | kFdFilestatSetSize);
    if (d->type != kRegularFile) r &= ~(Rights)(kFdSeek | kFdTell);
  }
  return r & ~d->dropped;
}

Rights inheriting_rights(const struct Descriptor* d) {
  return d->kind == kDirectory ? (kDirRights | kFileRights) & ~d->dropped_inheriting : 0;
}

Errno input_of(struct Descriptor* d, Handle* input) {
  if (!d->readable) return kBadF;
  if (!d->has_input) {
    if (d->kind == kStdio) {
      d->input = get_stdin();
    } else {
      struct Opened opened;
      read_via_stream(d->handle, 0, &opened);
      if (opened.failed) return errno_of(opened.error);
      d->input = opened.handle;
    }
    d->has_input = true;
  }
  *input = d->input;
  return kSuccess;
}

Errno output_of(struct Descriptor* d, Handle* output) {
  if (!d->writable) return kBadF;
  if (!d->has_output) {
    if (d->kind == kStdio) {
      d->output = d->handle == 1 ? get_stdout() : get_stderr();
    } else {
      struct Opened opened;
      if (d->flags & kAppend)
        append_via_stream(d->handle, &opened);
      else
        write_via_stream(d->handle, 0, &opened);
      if (opened.failed) return errno_of(opened.error);
      d->output = opened.handle;
    }
    d->has_output = true;
  }
  *output = d->output;
  return kSuccess;
}

void drop_streams(struct Descriptor* d) {
  if (d->has_input) drop_input(d->input);
  if (d->has_output) drop_output(d->output);
  d->has_input = d->has_output = false;
}

// Children of a resource go before it.
static void close(uint32_t fd) {
  struct Descriptor* d = &table[fd];
  forget_entries(fd);
  drop_streams(d);
  if (d->kind != kStdio) drop_descriptor(d->handle);
  d->kind = kFree;
}

EXPORT(fd_close)(uint32_t fd) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  close(fd);
  return kSuccess;
}

EXPORT(fd_renumber)(uint32_t from, uint32_t to) {
  begin();
  struct Descriptor *d, *old;
  TRY(get(&d, from, 0));
  TRY(get(&old, to, 0));
  if (from == to) return kSuccess;
  close(to);
  forget_entries(from);
  *old = *d;
  d->kind = kFree;
  return kSuccess;
}

EXPORT(fd_fdstat_get)(uint32_t fd, uint32_t result) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  const struct Fdstat stat = {
      .type = d->type, .flags = d->flags, .base = base_rights(d), .inheriting = inheriting_rights(d)};
  return to_main(result, &stat, sizeof stat);
}

EXPORT(fd_fdstat_set_flags)(uint32_t fd, uint32_t flags) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, kFdFdstatSetFlags));
  if (flags & ~kAllFdFlags) return kInval;
  if ((flags ^ d->flags) & ~(kAppend | kNonblock)) return kNotSup;
  if (d->kind == kDirectory) return kBadF;
  if (d->kind == kStdio && (flags & kAppend)) return kNotSup;
  if ((flags ^ d->flags) & kAppend) drop_streams(d);  // made again where the flags say
  d->flags = (uint16_t)flags;
  return kSuccess;
}

EXPORT(fd_fdstat_set_rights)(uint32_t fd, Rights base, Rights inheriting) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  if ((base & ~base_rights(d)) || (inheriting & ~inheriting_rights(d))) return kNotCapable;
  d->dropped |= ~base;
  d->dropped_inheriting |= ~inheriting;
  return kSuccess;
}

EXPORT(fd_prestat_get)(uint32_t fd, uint32_t result) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  if (!d->is_preopen) return kBadF;
  const struct Prestat stat = {.tag = 0, .name_size = d->name.size};
  return to_main(result, &stat, sizeof stat);
}

EXPORT(fd_prestat_dir_name)(uint32_t fd, uint32_t path, uint32_t size) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  if (!d->is_preopen) return kBadF;
  if (size < d->name.size) return kNameTooLong;
  return to_main(path, d->name.data, d->name.size);
}
