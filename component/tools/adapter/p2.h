// The functions of WASI 0.2 that the adapter calls, as the canonical ABI passes them: numbers, strings and lists as
// address and length, results that are not one number through a last pointer. Layouts of C structures are those of the
// canonical ABI. Lists that are returned are in temporary memory (memory.c).
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t Handle;

// What result<T, error-code> is in memory.
struct Done { uint8_t failed, error; };
struct Small { uint8_t failed; union { uint8_t value, error; }; };
struct Opened { uint8_t failed; union { Handle handle; uint8_t error; }; };
struct Number { uint8_t failed; union { uint64_t value; uint8_t error; }; };
struct Bytes { uint8_t failed; union { struct { uint8_t* data; uint32_t size; uint8_t end; }; uint8_t error; }; };
struct Hash { uint8_t failed; union { struct { uint64_t lower, upper; }; uint8_t error; }; };
struct Datetime { uint64_t seconds; uint32_t nanoseconds; };
struct OptionalDatetime { uint8_t some; struct Datetime value; };
struct Facts {
  uint8_t type;
  uint64_t links, size;
  struct OptionalDatetime accessed, modified, changed;
};
struct Stat { uint8_t failed; union { struct Facts facts; uint8_t error; }; };
struct Entry { uint8_t type; char* name; uint32_t name_size; };
struct NextEntry { uint8_t failed; union { struct { uint8_t some; struct Entry entry; }; uint8_t error; }; };

// result<list<u8>, stream-error> and result<_, stream-error>.
enum { kLastOperationFailed, kClosed };
struct Streamed {
  uint8_t failed;
  union { struct { uint8_t* data; uint32_t size; }; struct { uint8_t reason; Handle error; }; };
};

struct Text { char* data; uint32_t size; };
struct Texts { struct Text* data; uint32_t size; };
struct Variable { struct Text name, value; };
struct Variables { struct Variable* data; uint32_t size; };
struct Preopen { Handle handle; struct Text path; };
struct Preopens { struct Preopen* data; uint32_t size; };
struct Indices { uint32_t* data; uint32_t size; };
struct OptionalHandle { uint8_t some; Handle handle; };
struct OptionalCode { uint8_t some, code; };

// new-timestamp, flattened.
enum { kNoChange, kNow, kTimestamp };
#define NEW_TIMESTAMP(name) uint32_t name##_kind, uint64_t name##_seconds, uint32_t name##_nanoseconds

enum { kFollow = 1 };                                                                      // path-flags
enum { kRead = 1, kWrite = 2, kFileSync = 4, kDataSync = 8, kReadSync = 16, kMutate = 32 };  // descriptor-flags
enum { kTypeDirectory = 3, kTypeRegular = 6 };                                             // descriptor-type

#define IMPORT(module, name, result, function, ...) \
  __attribute__((import_module(module "@0.2.12"), import_name(name))) result function(__VA_ARGS__)

#define CLI "wasi:cli/"
IMPORT(CLI "environment", "get-environment", void, get_environment, struct Variables*);
IMPORT(CLI "environment", "get-arguments", void, get_arguments, struct Texts*);
IMPORT(CLI "exit", "exit-with-code", void, exit_with_code, uint32_t code);
IMPORT(CLI "stdin", "get-stdin", Handle, get_stdin, void);
IMPORT(CLI "stdout", "get-stdout", Handle, get_stdout, void);
IMPORT(CLI "stderr", "get-stderr", Handle, get_stderr, void);
IMPORT(CLI "terminal-stdin", "get-terminal-stdin", void, get_terminal_stdin, struct OptionalHandle*);
IMPORT(CLI "terminal-stdout", "get-terminal-stdout", void, get_terminal_stdout, struct OptionalHandle*);
IMPORT(CLI "terminal-stderr", "get-terminal-stderr", void, get_terminal_stderr, struct OptionalHandle*);
IMPORT(CLI "terminal-input", "[resource-drop]terminal-input", void, drop_terminal_input, Handle);
IMPORT(CLI "terminal-output", "[resource-drop]terminal-output", void, drop_terminal_output, Handle);

#define MONOTONIC "wasi:clocks/monotonic-clock"
IMPORT(MONOTONIC, "now", uint64_t, monotonic_now, void);
IMPORT(MONOTONIC, "resolution", uint64_t, monotonic_resolution, void);
IMPORT(MONOTONIC, "subscribe-instant", Handle, subscribe_instant, uint64_t when);
IMPORT(MONOTONIC, "subscribe-duration", Handle, subscribe_duration, uint64_t when);
IMPORT("wasi:clocks/wall-clock", "now", void, wall_now, struct Datetime*);
IMPORT("wasi:clocks/wall-clock", "resolution", void, wall_resolution, struct Datetime*);
IMPORT("wasi:random/random", "get-random-bytes", void, get_random_bytes, uint64_t size, struct Text*);

IMPORT("wasi:io/error", "[resource-drop]error", void, drop_error, Handle);
IMPORT("wasi:io/poll", "[resource-drop]pollable", void, drop_pollable, Handle);
IMPORT("wasi:io/poll", "[method]pollable.ready", uint32_t, pollable_ready, Handle);
IMPORT("wasi:io/poll", "poll", void, poll, const Handle*, uint32_t, struct Indices*);
#define STREAMS "wasi:io/streams"
IMPORT(STREAMS, "[resource-drop]input-stream", void, drop_input, Handle);
IMPORT(STREAMS, "[method]input-stream.read", void, input_read, Handle, uint64_t, struct Streamed*);
IMPORT(STREAMS, "[method]input-stream.blocking-read", void, input_blocking_read, Handle, uint64_t, struct Streamed*);
IMPORT(STREAMS, "[method]input-stream.subscribe", Handle, input_subscribe, Handle);
IMPORT(STREAMS, "[resource-drop]output-stream", void, drop_output, Handle);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush", void, output_write, Handle, const void*, uint32_t,
       struct Streamed*);
IMPORT(STREAMS, "[method]output-stream.subscribe", Handle, output_subscribe, Handle);

IMPORT("wasi:filesystem/preopens", "get-directories", void, get_directories, struct Preopens*);
#define TYPES "wasi:filesystem/types"
#define METHOD(name, function, ...) IMPORT(TYPES, "[method]descriptor." name, void, function, __VA_ARGS__)
IMPORT(TYPES, "[resource-drop]descriptor", void, drop_descriptor, Handle);
IMPORT(TYPES, "[resource-drop]directory-entry-stream", void, drop_entries, Handle);
IMPORT(TYPES, "[method]directory-entry-stream.read-directory-entry", void, next_entry, Handle, struct NextEntry*);
IMPORT(TYPES, "filesystem-error-code", void, filesystem_error_code, Handle, struct OptionalCode*);
METHOD("read-via-stream", read_via_stream, Handle, uint64_t offset, struct Opened*);
METHOD("write-via-stream", write_via_stream, Handle, uint64_t offset, struct Opened*);
METHOD("append-via-stream", append_via_stream, Handle, struct Opened*);
METHOD("advise", file_advise, Handle, uint64_t offset, uint64_t size, uint32_t advice, struct Done*);
METHOD("sync-data", file_sync_data, Handle, struct Done*);
METHOD("sync", file_sync, Handle, struct Done*);
METHOD("get-flags", file_flags, Handle, struct Small*);
METHOD("get-type", file_type, Handle, struct Small*);
METHOD("set-size", file_set_size, Handle, uint64_t size, struct Done*);
METHOD("set-times", file_set_times, Handle, NEW_TIMESTAMP(accessed), NEW_TIMESTAMP(modified),
       struct Done*);
METHOD("read", file_read, Handle, uint64_t size, uint64_t offset, struct Bytes*);
METHOD("write", file_write, Handle, const void*, uint32_t, uint64_t offset, struct Number*);
METHOD("stat", file_stat, Handle, struct Stat*);
METHOD("metadata-hash", file_hash, Handle, struct Hash*);
METHOD("read-directory", read_directory, Handle, struct Opened*);
METHOD("create-directory-at", create_directory_at, Handle, const char*, uint32_t, struct Done*);
METHOD("stat-at", stat_at, Handle, uint32_t flags, const char*, uint32_t, struct Stat*);
METHOD("metadata-hash-at", hash_at, Handle, uint32_t flags, const char*, uint32_t, struct Hash*);
METHOD("set-times-at", set_times_at, Handle, uint32_t flags, const char*, uint32_t,
       NEW_TIMESTAMP(accessed), NEW_TIMESTAMP(modified), struct Done*);
METHOD("link-at", link_at, Handle, uint32_t flags, const char*, uint32_t, Handle, const char*, uint32_t,
       struct Done*);
METHOD("open-at", open_at, Handle, uint32_t path_flags, const char*, uint32_t, uint32_t open_flags,
       uint32_t flags, struct Opened*);
METHOD("readlink-at", readlink_at, Handle, const char*, uint32_t, struct Bytes*);
METHOD("remove-directory-at", remove_directory_at, Handle, const char*, uint32_t, struct Done*);
METHOD("rename-at", rename_at, Handle, const char*, uint32_t, Handle, const char*, uint32_t,
       struct Done*);
METHOD("symlink-at", symlink_at, Handle, const char*, uint32_t, const char*, uint32_t, struct Done*);
METHOD("unlink-file-at", unlink_file_at, Handle, const char*, uint32_t, struct Done*);
