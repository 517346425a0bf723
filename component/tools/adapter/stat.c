// What is known about files, and their times. WASI 0.2 tells no inodes: a hash of the object stands for them. All is
// on one device.
#include "component/tools/adapter/adapter.h"

uint64_t nanoseconds_of(const struct Datetime* t) { return t->seconds * 1000000000 + t->nanoseconds; }

Errno new_times(struct Moment* accessed, struct Moment* modified, uint64_t a, uint64_t m, uint32_t flags) {
  if (flags & ~kAllFstFlags) return kInval;
  if ((flags & kAtim) && (flags & kAtimNow)) return kInval;
  if ((flags & kMtim) && (flags & kMtimNow)) return kInval;
  const uint32_t a_kind = flags & kAtimNow ? kNow : flags & kAtim ? kTimestamp : kNoChange;
  const uint32_t m_kind = flags & kMtimNow ? kNow : flags & kMtim ? kTimestamp : kNoChange;
  *accessed = (struct Moment){a_kind, a / 1000000000, (uint32_t)(a % 1000000000)};
  *modified = (struct Moment){m_kind, m / 1000000000, (uint32_t)(m % 1000000000)};
  return kSuccess;
}

Errno file_facts(struct Descriptor* d, struct Facts* facts) {
  struct Stat stat;
  file_stat(d->handle, &stat);
  if (stat.failed) return errno_of(stat.error);
  *facts = stat.facts;
  return kSuccess;
}

static uint64_t time_of(const struct OptionalDatetime* t) { return t->some ? nanoseconds_of(&t->value) : 0; }

Errno put_filestat(uint32_t address, const struct Facts* facts, uint64_t inode) {
  const struct Filestat stat = {.device = 1,
                                .inode = inode,
                                .type = type_of(facts->type),
                                .links = facts->links,
                                .size = facts->size,
                                .accessed = time_of(&facts->accessed),
                                .modified = time_of(&facts->modified),
                                .changed = time_of(&facts->changed)};
  return to_main(address, &stat, sizeof stat);
}

EXPORT(fd_filestat_get)(uint32_t fd, uint32_t result) {
  begin();
  TRY(check_main(result, sizeof(struct Filestat)));
  struct Descriptor* d;
  TRY(get(&d, fd, kFdFilestatGet));
  if (d->kind == kStdio) {
    const struct Filestat stat = {.type = d->type};
    return to_main(result, &stat, sizeof stat);
  }
  struct Facts facts;
  TRY(file_facts(d, &facts));
  struct Hash hash;
  file_hash(d->handle, &hash);
  return put_filestat(result, &facts, hash.failed ? 0 : hash.lower);
}

EXPORT(fd_filestat_set_times)(uint32_t fd, uint64_t accessed, uint64_t modified, uint32_t flags) {
  begin();
  struct Descriptor* d;
  TRY(get(&d, fd, kFdFilestatSetTimes));
  if (d->kind == kStdio) return kBadF;
  struct Moment a, m;
  TRY(new_times(&a, &m, accessed, modified, flags));
  struct Done result;
  file_set_times(d->handle, a.kind, a.seconds, a.nanoseconds, m.kind, m.seconds, m.nanoseconds, &result);
  return done(&result);
}
