// The fault handler and the tables that it reads.
//
// Signal handlers belong to the process, so these tables are global (one of the two places in the engine
// where state is; the other is atomics.cc). They are constant-initialised and never destroyed, so that a
// fault at any time of the process's life finds them whole. The handler takes no lock and allocates nothing:
// it reads the range tables through atomics and the thread's innermost GuardScope, no more.
#include "engine/exec/signals.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "engine/base/check.h"
#include "engine/base/os_memory.h"
#include "engine/exec/signals_context.h"

namespace skiff {
namespace {

// A set of address ranges: written under a mutex, read without one. Entries live in blocks that are
// appended and never freed. An entry is empty when begin is 0; it is filled end first, and a reader that sees
// begin change under it reads again, so it never combines the halves of two ranges.
class RangeTable {
 public:
  constexpr RangeTable() = default;

  void add(const void* begin, const void* end) {
    std::lock_guard lock(mutex_);
    Entry& entry = free_entry();
    entry.end.store(reinterpret_cast<uintptr_t>(end), std::memory_order_relaxed);
    entry.begin.store(reinterpret_cast<uintptr_t>(begin), std::memory_order_release);
  }

  void remove(const void* begin, const void* end) {
    std::lock_guard lock(mutex_);
    for (Block* block = &first_; block; block = block->next.load(std::memory_order_relaxed))
      for (Entry& entry : block->entries)
        if (entry.begin.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(begin) &&
            entry.end.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(end))
          return entry.begin.store(0, std::memory_order_release);
    SKIFF_CHECK(!"range was not registered");
  }

  // Async-signal-safe.
  bool contains(uintptr_t address) const {
    for (const Block* block = &first_; block; block = block->next.load(std::memory_order_acquire))
      for (const Entry& entry : block->entries)
        if (entry.contains(address)) return true;
    return false;
  }

 private:
  struct Entry {
    std::atomic<uintptr_t> begin{0};
    std::atomic<uintptr_t> end{0};

    bool contains(uintptr_t address) const {
      uintptr_t b = begin.load(std::memory_order_acquire);
      while (b != 0) {
        const uintptr_t e = end.load(std::memory_order_acquire);
        const uintptr_t again = begin.load(std::memory_order_acquire);
        if (again == b) return address >= b && address < e;
        b = again;
      }
      return false;
    }
  };
  struct Block {
    std::array<Entry, 64> entries{};
    std::atomic<Block*> next{nullptr};
  };

  Entry& free_entry() {
    Block* block = &first_;
    for (;;) {
      for (Entry& entry : block->entries)
        if (entry.begin.load(std::memory_order_relaxed) == 0) return entry;
      Block* next = block->next.load(std::memory_order_relaxed);
      if (!next) {
        next = new Block;
        block->next.store(next, std::memory_order_release);
      }
      block = next;
    }
  }

  std::mutex mutex_;
  Block first_;
};

struct Handlers {
  std::mutex mutex;
  std::atomic<bool> installed{false};
  struct sigaction previous_segv = {};
  struct sigaction previous_bus = {};
};

constinit RangeTable code_ranges;
constinit RangeTable guarded_ranges;
constinit Handlers handlers;

// Hands the signal to whoever had it before us.
void chain(int signal, siginfo_t* info, void* context) {
  struct sigaction& previous = signal == SIGBUS ? handlers.previous_bus : handlers.previous_segv;
  if (previous.sa_flags & SA_SIGINFO) return previous.sa_sigaction(signal, info, context);
  const bool sent = info->si_code <= 0;  // by kill() and the like, not by a fault
  if (previous.sa_handler == SIG_IGN && sent) return;
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  // The default action: a fault happens again as soon as we return, a sent signal is sent again.
  struct sigaction reset = {};
  reset.sa_handler = SIG_DFL;
  sigaction(signal, &reset, nullptr);
  if (sent) raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  GuardScope* scope = thread_state.innermost;
  auto& saved = *static_cast<ucontext_t*>(context);
  const uintptr_t pc = signal_context::pc(saved);
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (!scope || info->si_code <= 0 || !guarded_ranges.contains(address) || !code_ranges.contains(pc))
    return chain(signal, info, context);
  scope->fault_pc = pc;
  scope->fault_address = address;
  scope->fault_fp = signal_context::fp(saved);
  scope->fault_sp = signal_context::sp(saved);
  signal_context::continue_in(saved, reinterpret_cast<uintptr_t>(scope->landing),
                              reinterpret_cast<uintptr_t>(scope->cookie));
}

// Gives this thread an alternate signal stack unless it has one, and takes it back at the thread's end.
class AlternateStack {
 public:
  AlternateStack() {
    stack_t current = {};
    if (sigaltstack(nullptr, &current) != 0 || !(current.ss_flags & SS_DISABLE)) return;
    memory_ = std::malloc(kSize);
    if (!memory_) return;
    stack_t stack = {};
    stack.ss_sp = memory_;
    stack.ss_size = kSize;
    if (sigaltstack(&stack, nullptr) != 0) {
      std::free(memory_);
      memory_ = nullptr;
    }
  }
  ~AlternateStack() {
    if (!memory_) return;
    stack_t current = {};
    if (sigaltstack(nullptr, &current) != 0 || current.ss_sp != memory_) return;  // someone took over
    stack_t disable = {};
    disable.ss_flags = SS_DISABLE;
    if (sigaltstack(&disable, nullptr) == 0) std::free(memory_);
  }
  AlternateStack(const AlternateStack&) = delete;

 private:
  // Vector state makes signal frames large (up to 11 KiB with AMX); chained handlers print backtraces.
  static constexpr size_t kSize = 64 * 1024;
  void* memory_ = nullptr;
};

// Stack that a host function may use when it is called at the lowest permitted point.
constexpr uintptr_t kHostStackReserve = 256 * 1024;

}  // namespace

[[gnu::tls_model("initial-exec")]] constinit thread_local ThreadState thread_state;

void ensure_signal_stack() {
  [[maybe_unused]] thread_local AlternateStack stack;
  thread_state.has_signal_stack = true;
}

void find_thread_stack() {
  ThreadState& thread = thread_state;
  thread.knows_stack = true;
  if (!os_thread_stack(thread.stack_low, thread.stack_high)) return;
  const uintptr_t size = thread.stack_high - thread.stack_low;
  thread.stack_limit = thread.stack_low + std::min(kHostStackReserve, size / 4);
}

void add_code_range(const void* begin, const void* end) { code_ranges.add(begin, end); }
void remove_code_range(const void* begin, const void* end) { code_ranges.remove(begin, end); }
void add_guarded_range(const void* begin, const void* end) { guarded_ranges.add(begin, end); }
void remove_guarded_range(const void* begin, const void* end) { guarded_ranges.remove(begin, end); }

Status install_fault_handler() {
  if (!thread_state.has_signal_stack) ensure_signal_stack();
  if (handlers.installed.load(std::memory_order_acquire)) return {};
  std::lock_guard lock(handlers.mutex);
  if (handlers.installed.load(std::memory_order_relaxed)) return {};
  // The earlier handlers must be known before ours can run.
  if (sigaction(SIGSEGV, nullptr, &handlers.previous_segv) != 0 ||
      sigaction(SIGBUS, nullptr, &handlers.previous_bus) != 0)
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "cannot read the signal handlers");
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  // NODEFER: a chained handler may leave by longjmp without leaving the signal blocked behind it.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGSEGV, &action, nullptr) != 0 || sigaction(SIGBUS, &action, nullptr) != 0)
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "cannot install the fault handler");
  handlers.installed.store(true, std::memory_order_release);
  return {};
}

}  // namespace skiff
