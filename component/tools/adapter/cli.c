// Arguments, environment, clocks, random numbers, the program's start and end; and sockets, of which a program for
// preview 1 can have none here, since they are only ever given to it.
#include "component/tools/adapter/adapter.h"

__attribute__((import_module("__main_module__"), import_name("_start"))) void main_start(void);

__attribute__((export_name("wasi:cli/run@0.2.12#run"))) uint32_t run(void) {
  main_start();
  return 0;  // ok: programs that fail end by proc_exit
}

__attribute__((export_name("proc_exit"))) void p1_proc_exit(uint32_t code) {
  begin();
  exit_with_code(code & 0xFF);
  __builtin_trap();
}

EXPORT(proc_raise)(uint32_t signal) {
  (void)signal;
  return kNotSup;
}

EXPORT(sched_yield)(void) { return kSuccess; }

// Lists of strings, each of one or two parts: what stands between these, and NUL behind them.
static Errno put_sizes(uint32_t count_at, uint32_t size_at, uint32_t count, uint64_t size) {
  if (size > UINT32_MAX) return kOverflow;
  TRY(put_u32(count_at, count));
  return put_u32(size_at, (uint32_t)size);
}

EXPORT(args_sizes_get)(uint32_t count_at, uint32_t size_at) {
  begin();
  struct Texts args;
  get_arguments(&args);
  uint64_t size = 0;
  for (uint32_t i = 0; i < args.size; ++i) size += (uint64_t)args.data[i].size + 1;
  return put_sizes(count_at, size_at, args.size, size);
}

EXPORT(args_get)(uint32_t pointers, uint32_t bytes) {
  begin();
  struct Texts args;
  get_arguments(&args);
  for (uint32_t i = 0; i < args.size; ++i) {
    const struct Text* arg = &args.data[i];
    TRY(put_u32(pointers + 4 * i, bytes));
    TRY(to_main(bytes, arg->data, arg->size));
    TRY(to_main(bytes + arg->size, "", 1));
    bytes += arg->size + 1;
  }
  return kSuccess;
}

EXPORT(environ_sizes_get)(uint32_t count_at, uint32_t size_at) {
  begin();
  struct Variables all;
  get_environment(&all);
  uint64_t size = 0;
  for (uint32_t i = 0; i < all.size; ++i) size += (uint64_t)all.data[i].name.size + all.data[i].value.size + 2;
  return put_sizes(count_at, size_at, all.size, size);
}

EXPORT(environ_get)(uint32_t pointers, uint32_t bytes) {
  begin();
  struct Variables all;
  get_environment(&all);
  for (uint32_t i = 0; i < all.size; ++i) {
    const struct Variable* v = &all.data[i];
    TRY(put_u32(pointers + 4 * i, bytes));
    TRY(to_main(bytes, v->name.data, v->name.size));
    TRY(to_main(bytes + v->name.size, "=", 1));
    bytes += v->name.size + 1;
    TRY(to_main(bytes, v->value.data, v->value.size));
    TRY(to_main(bytes + v->value.size, "", 1));
    bytes += v->value.size + 1;
  }
  return kSuccess;
}

// Errors: kNotSup for clocks of processor time, which WASI 0.2 does not have.
static Errno clock_value(uint32_t clock, uint64_t* value, uint64_t (*monotonic)(void),
                         void (*wall)(struct Datetime*)) {
  struct Datetime t;
  if (clock > 3) return kInval;
  if (clock > kMonotonic) return kNotSup;
  if (clock == kMonotonic) {
    *value = monotonic();
  } else {
    wall(&t);
    *value = nanoseconds_of(&t);
  }
  return kSuccess;
}

EXPORT(clock_res_get)(uint32_t clock, uint32_t result) {
  begin();
  uint64_t value;
  TRY(clock_value(clock, &value, monotonic_resolution, wall_resolution));
  return put_u64(result, value);
}

EXPORT(clock_time_get)(uint32_t clock, uint64_t precision, uint32_t result) {
  (void)precision;
  begin();
  uint64_t value;
  TRY(clock_value(clock, &value, monotonic_now, wall_now));
  return put_u64(result, value);
}

EXPORT(random_get)(uint32_t address, uint32_t size) {
  enum { kChunk = 65536 };
  begin();
  TRY(check_main(address, size));
  while (size != 0) {
    const struct Mark before = mark();
    struct Text bytes;
    get_random_bytes(MIN(size, kChunk), &bytes);
    const uint32_t n = MIN(bytes.size, size);
    TRY(to_main(address, bytes.data, n));
    address += n;
    size -= n;
    release(before);
  }
  return kSuccess;
}

static Errno no_socket(uint32_t fd) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, 0));
  return kNotSock;
}

EXPORT(sock_accept)(uint32_t fd, uint32_t flags, uint32_t result) {
  (void)flags, (void)result;
  return no_socket(fd);
}
EXPORT(sock_recv)(uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t size, uint32_t out_flags) {
  (void)iovs, (void)count, (void)flags, (void)size, (void)out_flags;
  return no_socket(fd);
}
EXPORT(sock_send)(uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags, uint32_t size) {
  (void)iovs, (void)count, (void)flags, (void)size;
  return no_socket(fd);
}
EXPORT(sock_shutdown)(uint32_t fd, uint32_t how) {
  (void)how;
  return no_socket(fd);
}
