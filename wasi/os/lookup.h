// Looking names up. NameResolver asks the host's resolver (getaddrinfo, which blocks) on a few threads of its
// own; a Lookup is one question, an Event that is ready when the answer is there. The number of questions that
// wait is bounded. Dropping a Lookup forgets it; a thread that is still asking finishes by itself.
// Thread: NameResolver any; Lookup one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wasi/os/address.h"
#include "wasi/os/fd.h"
#include "wasi/os/net_error.h"
#include "wasi/os/net_policy.h"
#include "wasi/os/wait.h"

namespace skiff::wasi {

using LookupResult = NetIo<std::vector<IpAddress>>;

class NameResolver {
 public:
  /// How a name becomes addresses; blocks. The default asks the host.
  using Ask = std::function<LookupResult(const std::string& name)>;
  struct Limits {
    uint32_t threads = 4;
    uint32_t waiting = 256;
  };
  NameResolver() : NameResolver(Limits{}) {}
  explicit NameResolver(Limits limits, Ask ask = {});
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;

  class Answer;
  /// Errors: TemporaryResolverFailure when too many wait.
  NetIo<std::shared_ptr<Answer>> start(const std::string& name);

 private:
  struct Pool;
  static void work(const std::shared_ptr<Pool>& pool);
  static bool start_thread(const std::shared_ptr<Pool>& pool);
  std::shared_ptr<Pool> pool_;
};

class Lookup final : public Event {
 public:
  /// `resolver` may be null: then only addresses written as such are found. Errors: InvalidArgument for what
  /// is no name, AccessDenied.
  static NetIo<std::shared_ptr<Lookup>> start(NetPolicy& policy, NameResolver* resolver, std::string_view name);
  ~Lookup() override;

  /// The next address; nothing at the end. Errors: WouldBlock, NameUnresolvable, ...
  NetIo<std::optional<IpAddress>> next();
  bool poll(WaitSet& set) override;

 private:
  Lookup(NetPolicy& policy, std::string name) : policy_(policy), name_(std::move(name)) {}

  NetPolicy& policy_;
  std::string name_;
  std::shared_ptr<NameResolver::Answer> answer_;   // null: the result is here
  LookupResult result_ = std::vector<IpAddress>{};
  size_t next_ = 0;
};

}  // namespace skiff::wasi
