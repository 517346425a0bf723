// Arguments, environment, clocks, processes, random numbers.
#include <sched.h>

#include <algorithm>
#include <cstring>

#include "wasi/p1/state.h"

namespace skiff::wasi {
namespace {

constexpr uint64_t kRandomChunk = 1 << 20;  // bytes between looks at the interrupt flag

// Total bytes of the strings with their terminators. Errors: Overflow.
Io<uint32_t> buffer_size(const std::vector<std::string>& strings) {
  uint64_t size = 0;
  for (const std::string& s : strings) size += s.size() + 1;
  if (size > UINT32_MAX || strings.size() > UINT32_MAX) return io_fail(Errno::Overflow);
  return static_cast<uint32_t>(size);
}

Io<void> store_sizes(Guest& g, const std::vector<std::string>& strings, uint32_t count, uint32_t size) {
  auto count_out = SKIFF_IO_TRY(g.out<uint32_t>(count));
  auto size_out = SKIFF_IO_TRY(g.out<uint32_t>(size));
  size_out.set(SKIFF_IO_TRY(buffer_size(strings)));
  count_out.set(static_cast<uint32_t>(strings.size()));
  return {};
}

Io<void> store_strings(Guest& g, const std::vector<std::string>& strings, uint32_t array, uint32_t buffer) {
  const uint32_t size = SKIFF_IO_TRY(buffer_size(strings));
  const auto pointers = SKIFF_IO_TRY(g.bytes(array, uint64_t{4} * strings.size()));
  const auto text = SKIFF_IO_TRY(g.bytes(buffer, size));
  uint32_t at = 0;
  for (size_t i = 0; i < strings.size(); ++i) {
    store_unaligned(pointers.data() + 4 * i, buffer + at);
    std::memcpy(text.data() + at, strings[i].c_str(), strings[i].size() + 1);
    at += static_cast<uint32_t>(strings[i].size() + 1);
  }
  return {};
}

}  // namespace

Io<void> P1State::args_get(Guest& g, uint32_t argv, uint32_t buffer) {
  return store_strings(g, ctx_.args, argv, buffer);
}
Io<void> P1State::args_sizes_get(Guest& g, uint32_t count, uint32_t size) {
  return store_sizes(g, ctx_.args, count, size);
}
Io<void> P1State::environ_get(Guest& g, uint32_t env, uint32_t buffer) {
  return store_strings(g, ctx_.env, env, buffer);
}
Io<void> P1State::environ_sizes_get(Guest& g, uint32_t count, uint32_t size) {
  return store_sizes(g, ctx_.env, count, size);
}

// Errors: Inval for unknown clocks; NotSup when the context grants none.
Io<ClockSource*> P1State::clock(uint32_t id, ClockId& out) {
  if (id > static_cast<uint32_t>(ClockId::ThreadCpu)) return io_fail(Errno::Inval);
  if (!ctx_.clock) return io_fail(Errno::NotSup);
  out = static_cast<ClockId>(id);
  return ctx_.clock.get();
}

Io<void> P1State::clock_res_get(Guest& g, uint32_t id, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint64_t>(result));
  ClockId clock_id;
  ClockSource* source = SKIFF_IO_TRY(clock(id, clock_id));
  out.set(SKIFF_IO_TRY(source->resolution(clock_id)));
  return {};
}

Io<void> P1State::clock_time_get(Guest& g, uint32_t id, uint64_t, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint64_t>(result));
  ClockId clock_id;
  ClockSource* source = SKIFF_IO_TRY(clock(id, clock_id));
  out.set(SKIFF_IO_TRY(source->now(clock_id)));
  return {};
}

Io<void> P1State::proc_exit(Guest& g, uint32_t status) { return g.exit(static_cast<int32_t>(status)); }

// Signals never existed in a usable form; later versions have dropped them.
Io<void> P1State::proc_raise(Guest&, uint32_t) { return io_fail(Errno::NotSup); }

Io<void> P1State::sched_yield(Guest&) {
  ::sched_yield();
  return {};
}

Io<void> P1State::random_get(Guest& g, uint32_t buffer, uint32_t size) {
  std::span<uint8_t> rest = SKIFF_IO_TRY(g.bytes(buffer, size));
  if (!ctx_.random) return io_fail(Errno::NotSup);
  while (!rest.empty()) {
    if (g.interrupt().asked()) return io_fail(Errno::Canceled);
    const auto chunk = rest.first(std::min<size_t>(rest.size(), kRandomChunk));
    SKIFF_IO_TRY(ctx_.random->fill(chunk));
    rest = rest.subspan(chunk.size());
  }
  return {};
}

}  // namespace skiff::wasi
