// Reading and writing. Regular files are read and written at positions that are kept here; what has none, and what is
// appended to, by streams. Bytes go through a buffer of the adapter.
#include "component/tools/adapter/adapter.h"

enum { kChunk = 65536, kStreamChunk = 4096 };  // blocking-write-and-flush takes no more than the latter
static uint8_t buffer[kChunk];

// The program's list of buffers, and how far it has been used.
struct Vectors { struct Iovec* next; uint32_t count; uint64_t left; };

// Errors: kFault, also for the buffers; kInval for more bytes than can be counted.
static Errno vectors_from_main(struct Vectors* v, uint32_t address, uint32_t count) {
  const uint64_t size = (uint64_t)count * sizeof(struct Iovec);
  TRY(check_main(address, size));
  v->next = temporary((size_t)size);
  v->count = count;
  v->left = 0;
  TRY(from_main(v->next, address, size));
  for (uint32_t i = 0; i < count; ++i) {
    TRY(check_main(v->next[i].address, v->next[i].size));
    v->left += v->next[i].size;
  }
  return v->left > UINT32_MAX ? kInval : kSuccess;
}

// Copies the next bytes between `bytes` and the program's buffers. Requires: size <= v->left.
static void transfer(struct Vectors* v, uint8_t* bytes, uint32_t size, bool gather) {
  v->left -= size;
  while (size != 0) {
    struct Iovec* now = v->next;
    const uint32_t n = MIN(size, now->size);
    if (gather)
      from_main(bytes, now->address, n);
    else
      to_main(now->address, bytes, n);
    bytes += n;
    size -= n;
    now->address += n;
    now->size -= n;
    if (now->size == 0) ++v->next;
  }
}

static Errno read_at(const struct Descriptor* d, struct Vectors* v, uint64_t offset, uint32_t* total) {
  if (!d->readable) return kBadF;
  *total = 0;
  while (v->left != 0) {
    const struct Mark before = mark();
    const uint32_t wanted = (uint32_t)MIN(v->left, kChunk);
    struct Bytes bytes;
    file_read(d->handle, wanted, offset + *total, &bytes);
    if (bytes.failed) return *total != 0 ? kSuccess : errno_of(bytes.error);
    const uint32_t n = MIN(bytes.size, wanted);
    transfer(v, bytes.data, n, false);
    *total += n;
    release(before);
    if (bytes.end || (n != 0 && n < wanted)) break;
  }
  return kSuccess;
}

// Waits for the first bytes, and gives what there is then.
static Errno read_stream(struct Descriptor* d, struct Vectors* v, uint32_t* total) {
  Handle input;
  TRY(input_of(d, &input));
  *total = 0;
  if (v->left == 0) return kSuccess;
  const uint32_t wanted = (uint32_t)MIN(v->left, kChunk);
  struct Streamed got;
  if (d->flags & kNonblock)
    input_read(input, wanted, &got);
  else
    input_blocking_read(input, wanted, &got);
  if (got.failed) return got.reason == kClosed ? kSuccess : stream_errno(&got);
  if (got.size == 0 && (d->flags & kNonblock)) return kAgain;
  *total = MIN(got.size, wanted);
  transfer(v, got.data, *total, false);
  return kSuccess;
}

static Errno write_at(const struct Descriptor* d, struct Vectors* v, uint64_t offset, uint32_t* total) {
  if (!d->writable) return kBadF;
  *total = 0;
  while (v->left != 0) {
    const uint32_t n = (uint32_t)MIN(v->left, kChunk);
    transfer(v, buffer, n, true);
    struct Number written;
    file_write(d->handle, buffer, n, offset + *total, &written);
    if (written.failed) return *total != 0 ? kSuccess : errno_of(written.error);
    *total += (uint32_t)MIN(written.value, n);
    if (written.value < n) break;
  }
  return kSuccess;
}

static Errno write_stream(struct Descriptor* d, struct Vectors* v, uint32_t* total) {
  Handle output;
  TRY(output_of(d, &output));
  *total = 0;
  while (v->left != 0) {
    const uint32_t n = (uint32_t)MIN(v->left, kStreamChunk);
    transfer(v, buffer, n, true);
    struct Streamed written;
    output_write(output, buffer, n, &written);
    if (written.failed) {
      const Errno error = stream_errno(&written);
      return *total != 0 ? kSuccess : error;
    }
    *total += n;
  }
  return kSuccess;
}

EXPORT(fd_read)(uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result) {
  begin();
  struct Vectors v;
  TRY(check_main(result, 4));
  TRY(vectors_from_main(&v, iovs, count));
  struct Descriptor* d;
  TRY(get(&d, fd, kFdRead));
  if (d->kind == kDirectory) return kBadF;
  uint32_t total;
  if (d->type == kRegularFile) {
    TRY(read_at(d, &v, d->position, &total));
    d->position += total;
  } else {
    TRY(read_stream(d, &v, &total));
  }
  return put_u32(result, total);
}

EXPORT(fd_write)(uint32_t fd, uint32_t iovs, uint32_t count, uint32_t result) {
  begin();
  struct Vectors v;
  TRY(check_main(result, 4));
  TRY(vectors_from_main(&v, iovs, count));
  struct Descriptor* d;
  TRY(get(&d, fd, kFdWrite));
  if (d->kind == kDirectory) return kBadF;
  uint32_t total;
  if (d->type == kRegularFile && !(d->flags & kAppend)) {
    TRY(write_at(d, &v, d->position, &total));
    d->position += total;
  } else {
    TRY(write_stream(d, &v, &total));
    struct Facts facts;
    if (d->type == kRegularFile && total != 0 && file_facts(d, &facts) == kSuccess) d->position = facts.size;
  }
  return put_u32(result, total);
}

EXPORT(fd_pread)(uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result) {
  begin();
  struct Vectors v;
  TRY(check_main(result, 4));
  TRY(vectors_from_main(&v, iovs, count));
  struct Descriptor* d;
  TRY(get_file(&d, fd, kFdRead | kFdSeek));
  uint32_t total;
  TRY(read_at(d, &v, offset, &total));
  return put_u32(result, total);
}

EXPORT(fd_pwrite)(uint32_t fd, uint32_t iovs, uint32_t count, uint64_t offset, uint32_t result) {
  begin();
  struct Vectors v;
  TRY(check_main(result, 4));
  TRY(vectors_from_main(&v, iovs, count));
  struct Descriptor* d;
  TRY(get_file(&d, fd, kFdWrite | kFdSeek));
  uint32_t total;
  TRY(write_at(d, &v, offset, &total));
  return put_u32(result, total);
}

EXPORT(fd_seek)(uint32_t fd, int64_t delta, uint32_t whence, uint32_t result) {
  begin();
  TRY(check_main(result, 8));
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  if (d->kind == kStdio) return kSPipe;
  TRY(get_file(&d, fd, kFdSeek));
  if (d->type != kRegularFile) return kSPipe;
  int64_t from = 0, to;
  struct Facts facts;
  if (whence == 1) {
    from = (int64_t)d->position;
  } else if (whence == 2) {
    TRY(file_facts(d, &facts));
    from = (int64_t)facts.size;
  } else if (whence != 0) {
    return kInval;
  }
  if (__builtin_add_overflow(from, delta, &to)) return kOverflow;
  if (to < 0) return kInval;
  d->position = (uint64_t)to;
  return put_u64(result, d->position);
}

EXPORT(fd_tell)(uint32_t fd, uint32_t result) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  if (d->kind == kStdio) return kSPipe;
  TRY(get_file(&d, fd, kFdTell));
  if (d->type != kRegularFile) return kSPipe;
  return put_u64(result, d->position);
}

EXPORT(fd_sync)(uint32_t fd) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, kFdSync));
  if (d->kind == kStdio) return kInval;
  struct Done result;
  file_sync(d->handle, &result);
  return done(&result);
}

EXPORT(fd_datasync)(uint32_t fd) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, kFdDatasync));
  if (d->kind == kStdio) return kInval;
  struct Done result;
  file_sync_data(d->handle, &result);
  return done(&result);
}

EXPORT(fd_advise)(uint32_t fd, uint64_t offset, uint64_t size, uint32_t advice) {
  begin();
  struct Descriptor* d;
  TRY(get_file(&d, fd, kFdAdvise));
  if (advice > 5) return kInval;
  struct Done result;
  file_advise(d->handle, offset, size, advice, &result);
  return done(&result);
}

// WASI 0.2 cannot.
EXPORT(fd_allocate)(uint32_t fd, uint64_t offset, uint64_t size) {
  (void)offset, (void)size;
  begin();
  struct Descriptor* d;
  TRY(get_file(&d, fd, kFdAllocate));
  return kNotSup;
}

EXPORT(fd_filestat_set_size)(uint32_t fd, uint64_t size) {
  begin();
  struct Descriptor* d;
  TRY(get_file(&d, fd, kFdFilestatSetSize));
  struct Done result;
  file_set_size(d->handle, size, &result);
  return done(&result);
}
