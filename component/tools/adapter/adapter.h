// What the adapter's files share. It has a memory of its own; the program's is reached by copying only (from_main,
// to_main), so addresses from the program are numbers here, never pointers. Temporary memory lasts until the function
// that the program called returns.
#pragma once

#include <stddef.h>

#include "component/tools/adapter/p1.h"
#include "component/tools/adapter/p2.h"

/// A function of preview 1, as the program imports it.
#define EXPORT(name) __attribute__((export_name(#name))) uint32_t p1_##name
#define TRY(expression)                      \
  do {                                       \
    const Errno try_errno = (expression);    \
    if (try_errno != kSuccess) return try_errno; \
  } while (0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

// ---- memory.c

/// All that a call leaves in temporary memory is gone with the next call's begin().
void begin(void);
void* temporary(size_t size);
/// Makes room for the next allocations that the host does, over what it did before.
struct Mark { size_t at; };
struct Mark mark(void);
void release(struct Mark mark);
/// What stays.
void* keep(size_t size);

/// Errors: kFault where the program's memory has no such range.
Errno check_main(uint32_t address, uint64_t size);
Errno from_main(void* to, uint32_t address, uint64_t size);
Errno to_main(uint32_t address, const void* from, uint64_t size);
Errno put_u32(uint32_t address, uint32_t value);
Errno put_u64(uint32_t address, uint64_t value);
/// Errors: kFault, kNameTooLong, kIlSeq, kInval for NUL.
Errno path_from_main(struct Text* path, uint32_t address, uint32_t size);

// ---- errors.c

/// The only table of errors: error-code of wasi:filesystem to errno.
Errno errno_of(uint8_t code);
static inline Errno done(const struct Done* d) { return d->failed ? errno_of(d->error) : kSuccess; }
/// Of a stream that failed; kPipe for a closed one. Drops the error.
Errno stream_errno(const struct Streamed* s);

// ---- table.c

enum Kind { kFree, kStdio, kFile, kDirectory };
struct Descriptor {
  uint8_t kind, type;
  bool readable, writable, is_preopen, has_input, has_output;
  uint16_t flags;
  Handle handle;         // of the descriptor; kStdio: 0, 1 or 2
  Handle input, output;  // streams, once there are any
  uint64_t position;
  Rights dropped, dropped_inheriting;
  struct Text name;  // of preopens
};
/// Errors: kBadF, kNotCapable. Pointers are good until add_descriptor.
Errno get(struct Descriptor** d, uint32_t fd, Rights needed);
Errno get_file(struct Descriptor** d, uint32_t fd, Rights needed);
Errno get_directory(struct Descriptor** d, uint32_t fd, Rights needed);
uint32_t add_descriptor(const struct Descriptor* made);
Rights base_rights(const struct Descriptor* d);
Rights inheriting_rights(const struct Descriptor* d);
/// Streams of stdio, and of files that have no positions or are appended to.
Errno input_of(struct Descriptor* d, Handle* input);
Errno output_of(struct Descriptor* d, Handle* output);
void drop_streams(struct Descriptor* d);
uint8_t type_of(uint8_t descriptor_type);

// ---- directory.c

/// Forgets where reading the directory had come to.
void forget_entries(uint32_t fd);

// ---- stat.c

struct Moment { uint32_t kind; uint64_t seconds; uint32_t nanoseconds; };
Errno new_times(struct Moment* accessed, struct Moment* modified, uint64_t a, uint64_t m, uint32_t flags);
Errno file_facts(struct Descriptor* d, struct Facts* facts);
uint64_t nanoseconds_of(const struct Datetime* t);
Errno put_filestat(uint32_t address, const struct Facts* facts, uint64_t inode);
