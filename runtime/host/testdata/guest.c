// The guest of the server's tests: what it does follows from the path. Written against the canonical ABI, without a C
// library, so that it is small enough to see what a request costs.
#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define TYPES "wasi:http/types@0.2.12"
#define STREAMS "wasi:io/streams@0.2.12"

typedef struct {
  uint8_t tag;
  union {
    int32_t handle;
    uint8_t error;
  };
} result_handle;
typedef struct {
  uint8_t tag;
  uint8_t* ptr;
  size_t len;
} option_text;
typedef struct {
  uint8_t tag;
  union {
    struct {
      uint8_t* ptr;
      size_t len;
    };
    struct {
      uint8_t error;
      int32_t io_error;
    };
  };
} result_bytes;
typedef struct {
  uint8_t tag;
  uint8_t error;
  int32_t io_error;
  uint8_t rest[48];
} result_none;

IMPORT(TYPES, "[constructor]fields") int32_t fields_new(void);
IMPORT(TYPES, "[method]incoming-request.path-with-query") void request_path(int32_t self, option_text* out);
IMPORT(TYPES, "[method]incoming-request.consume") void request_consume(int32_t self, result_handle* out);
IMPORT(TYPES, "[method]incoming-body.stream") void in_stream(int32_t self, result_handle* out);
IMPORT(TYPES, "[constructor]outgoing-response") int32_t response_new(int32_t fields);
IMPORT(TYPES, "[method]outgoing-response.set-status-code") int32_t set_status(int32_t self, int32_t status);
IMPORT(TYPES, "[method]outgoing-response.body") void response_body(int32_t self, result_handle* out);
IMPORT(TYPES, "[method]outgoing-body.write") void body_write(int32_t self, result_handle* out);
IMPORT(TYPES, "[static]outgoing-body.finish") void body_finish(int32_t self, int32_t has, int32_t trailers, void* out);
IMPORT(TYPES, "[static]response-outparam.set")
void answer(int32_t out, int32_t is_error, int32_t response, int32_t, int64_t, int32_t, int32_t, int32_t, int32_t);
IMPORT(TYPES, "[resource-drop]incoming-request") void drop_request(int32_t);
IMPORT(STREAMS, "[method]input-stream.blocking-read") void read(int32_t self, int64_t len, result_bytes* out);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void put(int32_t self, const void* data, size_t len, result_none* out);
IMPORT(STREAMS, "[resource-drop]output-stream") void drop_out(int32_t);
IMPORT(STREAMS, "[resource-drop]input-stream") void drop_in(int32_t);
IMPORT("wasi:clocks/monotonic-clock@0.2.12", "subscribe-duration") int32_t subscribe(int64_t ns);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.block") void block(int32_t);
IMPORT("wasi:io/poll@0.2.12", "[resource-drop]pollable") void drop_pollable(int32_t);

extern uint8_t __heap_base;
static uint8_t* next = &__heap_base;
__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t align, size_t size) {
  uint8_t* p = (uint8_t*)(((uintptr_t)next + align - 1) & ~(align - 1));
  while ((uintptr_t)p + size > __builtin_wasm_memory_size(0) * 65536ul)
    if (__builtin_wasm_memory_grow(0, 16) == (size_t)-1) __builtin_trap();
  next = p + size;
  return p;
}

static int starts(const option_text* path, const char* with) {
  size_t i = 0;
  for (; with[i]; ++i)
    if (i >= path->len || path->ptr[i] != (uint8_t)with[i]) return 0;
  return 1;
}

static uint64_t number(const option_text* path) {
  uint64_t n = 0;
  for (size_t i = 0; i < path->len; ++i)
    if (path->ptr[i] >= '0' && path->ptr[i] <= '9') n = n * 10 + (path->ptr[i] - '0');
  return n;
}

// Answers with this status; the body's handle. Its stream in *stream.
static int32_t respond(int32_t out, int32_t status, int32_t* stream) {
  const int32_t response = response_new(fields_new());
  if (status != 200) set_status(response, status);
  result_handle body, sink;
  response_body(response, &body);
  answer(out, 0, response, 0, 0, 0, 0, 0, 0);
  body_write(body.handle, &sink);
  *stream = sink.handle;
  return body.handle;
}

static int write_text(int32_t stream, const char* text, size_t len) {
  while (len) {
    const size_t n = len < 4096 ? len : 4096;
    result_none done;
    put(stream, text, n, &done);
    if (done.tag) return 0;
    text += n;
    len -= n;
  }
  return 1;
}

static void end(int32_t body, int32_t stream) {
  uint8_t result[64];
  drop_out(stream);
  body_finish(body, 0, 0, result);
}

static void echo(int32_t request, int32_t body, int32_t stream) {
  result_handle in, source;
  request_consume(request, &in);
  in_stream(in.handle, &source);
  for (;;) {
    uint8_t* const mark = next;
    result_bytes piece;
    read(source.handle, 65536, &piece);
    if (piece.tag) {
      // An end that is none is passed on: the answer is cut short.
      if (piece.error == 0) __builtin_trap();
      break;
    }
    if (!write_text(stream, (const char*)piece.ptr, piece.len)) break;
    next = mark;
  }
  drop_in(source.handle);
  end(body, stream);
}

static volatile uint32_t sink;

__attribute__((export_name("wasi:http/incoming-handler@0.2.12#handle"))) void handle(int32_t request, int32_t out) {
  static const char kHello[] = "Hello, world!\n";
  static char block_of[4096];
  option_text path;
  int32_t stream;
  request_path(request, &path);
  if (starts(&path, "/none")) return;
  if (starts(&path, "/trap")) __builtin_trap();
  if (starts(&path, "/loop"))
    for (;;) ++sink;
  if (starts(&path, "/spin")) {
    for (uint64_t i = number(&path); i; --i) ++sink;
  }
  if (starts(&path, "/grow"))
    while (__builtin_wasm_memory_grow(0, 16) != (size_t)-1) {
    }
  if (starts(&path, "/sleep")) {
    const int32_t timer = subscribe((int64_t)number(&path) * 1000000);
    block(timer);
    drop_pollable(timer);
  }
  const int32_t body = respond(out, starts(&path, "/status") ? (int32_t)number(&path) : 200, &stream);
  if (starts(&path, "/echo")) return echo(request, body, stream);
  if (starts(&path, "/big")) {
    for (size_t i = 0; i < sizeof block_of; ++i) block_of[i] = (char)('a' + i % 26);
    for (uint64_t n = number(&path); n; --n)
      if (!write_text(stream, block_of, sizeof block_of)) break;
    return end(body, stream);
  }
  write_text(stream, kHello, sizeof kHello - 1);
  if (starts(&path, "/half")) __builtin_trap();
  end(body, stream);
}
