// The pool of threads that ask, and the questions.
#include "wasi/os/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>

namespace skiff::wasi {

// Written by a thread of the pool, read by whoever asked; `done` orders the two.
class NameResolver::Answer {
 public:
  Answer(std::string name, OwnedFd event) : name(std::move(name)), event(std::move(event)) {}
  const std::string name;
  const OwnedFd event;                   // readable when done
  std::atomic<bool> done = false;
  std::atomic<bool> forgotten = false;   // nobody waits any more
  LookupResult result = std::vector<IpAddress>{};
};

// Shared with the threads, which outlive the NameResolver when they are stuck in a question.
struct NameResolver::Pool {
  Limits limits;
  Ask ask;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Answer>> queue;
  uint32_t threads = 0;
  uint32_t idle = 0;
  bool closing = false;
};

namespace {

NetError resolver_error(int e) {
  switch (e) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY: return NetError::NameUnresolvable;
    case EAI_AGAIN: return NetError::TemporaryResolverFailure;
    case EAI_MEMORY: return NetError::OutOfMemory;
    default: return NetError::PermanentResolverFailure;
  }
}

LookupResult ask_host(const std::string& name) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_IDN;
  addrinfo* list = nullptr;
  if (const int e = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); e != 0)
    return net_fail(resolver_error(e));
  std::vector<IpAddress> out;
  for (const addrinfo* a = list; a; a = a->ai_next) {
    HostAddress h;
    if (a->ai_addrlen > sizeof h.storage) continue;
    std::memcpy(&h.storage, a->ai_addr, a->ai_addrlen);
    h.size = a->ai_addrlen;
    if (const auto address = from_host(h)) out.push_back(address->ip);
  }
  ::freeaddrinfo(list);
  return out;
}

}  // namespace

NameResolver::NameResolver(Limits limits, Ask ask) : pool_(std::make_shared<Pool>()) {
  pool_->limits = limits;
  pool_->ask = ask ? std::move(ask) : Ask(ask_host);
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(pool_->mutex);
  pool_->closing = true;
  pool_->queue.clear();
  pool_->wake.notify_all();
}

void NameResolver::work(const std::shared_ptr<Pool>& pool) {
  std::unique_lock lock(pool->mutex);
  for (;;) {
    ++pool->idle;
    pool->wake.wait(lock, [&] { return pool->closing || !pool->queue.empty(); });
    --pool->idle;
    if (pool->closing) return;
    const std::shared_ptr<Answer> answer = std::move(pool->queue.front());
    pool->queue.pop_front();
    if (answer->forgotten.load(std::memory_order_relaxed)) continue;
    lock.unlock();
    answer->result = pool->ask(answer->name);
    answer->done.store(true, std::memory_order_release);
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(answer->event.get(), &one, sizeof one);
    lock.lock();
  }
}

// Not std::thread, which ends the process when the host has no more threads.
bool NameResolver::start_thread(const std::shared_ptr<Pool>& pool) {
  auto* shared = new std::shared_ptr<Pool>(pool);
  pthread_t thread;
  const auto run = [](void* data) -> void* {
    const std::unique_ptr<std::shared_ptr<Pool>> pool(static_cast<std::shared_ptr<Pool>*>(data));
    work(*pool);
    return nullptr;
  };
  if (::pthread_create(&thread, nullptr, run, shared) != 0) {
    delete shared;
    return false;
  }
  ::pthread_detach(thread);
  return true;
}

NetIo<std::shared_ptr<NameResolver::Answer>> NameResolver::start(const std::string& name) {
  OwnedFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return net_fail(last_net_error());
  auto answer = std::make_shared<Answer>(name, std::move(event));
  const std::lock_guard lock(pool_->mutex);
  if (pool_->queue.size() >= pool_->limits.waiting) return net_fail(NetError::TemporaryResolverFailure);
  pool_->queue.push_back(answer);
  if (pool_->idle < pool_->queue.size() && pool_->threads < pool_->limits.threads && start_thread(pool_))
    ++pool_->threads;
  if (pool_->threads == 0) {
    pool_->queue.pop_back();
    return net_fail(NetError::TemporaryResolverFailure);
  }
  pool_->wake.notify_one();
  return answer;
}

namespace {

// What could be a host name: letters (of any script), digits, hyphens, dots between. The resolver knows better.
bool is_plausible(std::string_view name) {
  if (name.empty() || name.size() > 1024) return false;
  for (const char c : name) {
    const auto b = static_cast<unsigned char>(c);
    if (b <= ' ' || b == 0x7F || std::string_view("/\\:@?#[]%<>\"'`{}|^,;()*&=+!$").find(c) != std::string_view::npos)
      return false;
  }
  return name.front() != '.' && name.find("..") == name.npos;
}

}  // namespace

NetIo<std::shared_ptr<Lookup>> Lookup::start(NetPolicy& policy, NameResolver* resolver, std::string_view name) {
  std::string_view literal = name;
  if (literal.starts_with('[') && literal.ends_with(']')) literal = literal.substr(1, literal.size() - 2);
  std::shared_ptr<Lookup> lookup(new Lookup(policy, std::string(name)));
  if (const auto ip = IpAddress::parse(literal)) {
    if (ip->is_ipv4_in_ipv6()) return net_fail(NetError::InvalidArgument);
    lookup->result_ = std::vector<IpAddress>{*ip};
    return lookup;
  }
  if (!is_plausible(name)) return net_fail(NetError::InvalidArgument);
  if (!policy.may_look_up(name)) {
    policy.refused_lookup(name);
    return net_fail(NetError::AccessDenied);
  }
  if (!resolver) return net_fail(NetError::PermanentResolverFailure);
  lookup->answer_ = SKIFF_NET_TRY(resolver->start(lookup->name_));
  return lookup;
}

Lookup::~Lookup() {
  if (answer_) answer_->forgotten.store(true, std::memory_order_relaxed);
}

NetIo<std::optional<IpAddress>> Lookup::next() {
  if (answer_) {
    if (!answer_->done.load(std::memory_order_acquire)) return net_fail(NetError::WouldBlock);
    result_ = std::move(answer_->result);
    answer_.reset();
    if (result_) {
      result_ = policy_.resolved(name_, *result_);
      if (result_->empty()) result_ = net_fail(NetError::NameUnresolvable);
    }
  }
  if (!result_) return net_fail(result_.error());
  if (next_ == result_->size()) return std::nullopt;
  return (*result_)[next_++];
}

bool Lookup::poll(WaitSet& set) {
  if (!answer_ || answer_->done.load(std::memory_order_acquire)) return true;
  set.add_fd(answer_->event.get(), POLLIN);
  return false;
}

}  // namespace skiff::wasi
