// poll_oneoff: waiting for any of some clocks and descriptors. Whatever is wrong with one subscription becomes an event
// with an error; only the call's own parameters make the call fail.
#include "component/tools/adapter/adapter.h"

struct Waiting {
  bool done;
  struct Event event;
};

static Errno start_clock(const struct Subscription* s, Handle* pollable) {
  if (s->flags & ~1) return kInval;
  if (s->clock != kRealtime && s->clock != kMonotonic) return kNotSup;
  const bool absolute = s->flags & 1;
  uint64_t timeout = s->timeout;
  if (absolute && s->clock == kMonotonic) {
    *pollable = subscribe_instant(timeout);
    return kSuccess;
  }
  if (absolute) {
    struct Datetime now;
    wall_now(&now);
    timeout -= MIN(timeout, nanoseconds_of(&now));
  }
  *pollable = subscribe_duration(timeout);
  return kSuccess;
}

// Regular files are ready at once.
static Errno start_fd(const struct Subscription* s, struct Waiting* w, Handle* pollable) {
  struct Descriptor* d;
  TRY(get(&d, s->fd, kPollFdReadwrite));
  const bool write = s->type == kWritable;
  if (d->kind == kDirectory || (write ? !d->writable : !d->readable)) return kBadF;
  if (d->type == kRegularFile) {
    struct Facts facts;
    if (!write && file_facts(d, &facts) == kSuccess && facts.size > d->position)
      w->event.bytes = facts.size - d->position;
    w->done = true;
    return kSuccess;
  }
  Handle stream;
  if (write) {
    TRY(output_of(d, &stream));
    *pollable = output_subscribe(stream);
  } else {
    TRY(input_of(d, &stream));
    *pollable = input_subscribe(stream);
    w->event.bytes = 1;  // or more, or the end
  }
  return kSuccess;
}

static Errno start(const struct Subscription* s, struct Waiting* w, Handle* pollable) {
  if (s->type == kClock) return start_clock(s, pollable);
  return s->type <= kWritable ? start_fd(s, w, pollable) : kInval;
}

EXPORT(poll_oneoff)(uint32_t from, uint32_t to, uint32_t count, uint32_t result) {
  begin();
  TRY(check_main(result, 4));
  TRY(check_main(from, (uint64_t)count * sizeof(struct Subscription)));
  TRY(check_main(to, (uint64_t)count * sizeof(struct Event)));
  if (count == 0) return kInval;

  struct Waiting* all = temporary(count * sizeof *all);
  Handle* pollables = temporary(count * sizeof *pollables);
  uint32_t* owners = temporary(count * sizeof *owners);  // by pollable
  uint32_t waiting = 0;
  bool any_done = false;
  for (uint32_t i = 0; i < count; ++i) {
    struct Subscription s;
    TRY(from_main(&s, from + i * (uint32_t)sizeof s, sizeof s));
    struct Waiting* w = &all[i];
    *w = (struct Waiting){.event = {.userdata = s.userdata, .type = s.type}};
    w->event.error = start(&s, w, &pollables[waiting]);
    if (w->event.error != kSuccess) w->done = true;
    if (!w->done) owners[waiting++] = i;
    any_done = any_done || w->done;
  }

  if (any_done) {
    for (uint32_t i = 0; i < waiting; ++i) all[owners[i]].done = pollable_ready(pollables[i]);
  } else {
    struct Indices ready;
    poll(pollables, waiting, &ready);
    for (uint32_t i = 0; i < ready.size; ++i) all[owners[ready.data[i]]].done = true;
  }
  for (uint32_t i = 0; i < waiting; ++i) drop_pollable(pollables[i]);

  uint32_t stored = 0;
  for (uint32_t i = 0; i < count; ++i)
    if (all[i].done) TRY(to_main(to + stored++ * (uint32_t)sizeof(struct Event), &all[i].event, sizeof(struct Event)));
  return put_u32(result, stored);
}
