// Ctx: everything a guest may do in the outside world, as handles. A fresh one grants nothing: no
// arguments, no environment, no files, no clock, no random numbers; standard streams that are empty or
// swallow. The embedder adds what it wants, then gives it to one of WASI's faces (wasi/p1/p1.h).
// Thread: one at a time. A Ctx must outlive the stores that use it.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "wasi/os/clock.h"
#include "wasi/os/fs.h"
#include "wasi/os/http.h"
#include "wasi/os/http_policy.h"
#include "wasi/os/lookup.h"
#include "wasi/os/net.h"
#include "wasi/os/net_policy.h"
#include "wasi/os/random.h"
#include "wasi/os/stream.h"

namespace skiff::wasi {

/// A standard stream: one in memory, or a file of the host.
using StdHandle = std::variant<std::shared_ptr<Stream>, std::shared_ptr<File>>;

struct Preopen {
  std::string guest_path;      // the name that the guest knows it by
  Dir dir;
};

struct CtxLimits {
  uint32_t descriptors = 4096;       // open at once, preopened ones included
  uint32_t subscriptions = 4096;     // of one poll
  uint32_t sockets = 1024;           // that the guest made, at a time
  uint32_t resources = 100'000;      // handles of components' resources, at a time
  uint64_t random_bytes = uint64_t{64} << 20;  // of one call
  HttpFieldLimits http_fields;       // of one message's header or trailer
  uint64_t http_bytes = uint64_t{64} << 20;    // of fields and bodies that the guest has, at a time
};

/// Something whose life ends with a Ctx: the state of a face.
class Attachment {
 public:
  virtual ~Attachment() = default;
};

class Ctx {
 public:
  std::vector<std::string> args;     // the first is the program's name
  std::vector<std::string> env;      // "NAME=value"
  std::vector<Preopen> preopens;
  std::vector<std::shared_ptr<Socket>> sockets;
  StdHandle in = std::make_shared<NullStream>();
  StdHandle out = std::make_shared<NullStream>();
  StdHandle err = std::make_shared<NullStream>();
  std::unique_ptr<ClockSource> clock;      // null: no time
  std::unique_ptr<RandomSource> random;    // null: no random numbers
  NetPolicy network;                       // for sockets that the guest makes; allows nothing
  std::unique_ptr<NameResolver> resolver;  // null: no names are looked up
  HttpPolicy http;                         // for requests that the guest sends; allows nothing
  std::shared_ptr<HttpClient> http_client; // null: there is none
  Scheduler* scheduler = nullptr;          // how guests wait; null: their thread stops
  CtxLimits limits;

  /// Grants a host directory. Errors: those of opening it.
  Io<void> preopen(const std::string& host_path, std::string guest_path, Access access);
  /// Grants a socket, usually a listening one; the Ctx takes it over.
  Io<void> preopen_socket(OwnedFd fd);
  /// Grants the host's standard streams; those that are closed stay as they are.
  void inherit_stdio();
  void inherit_env();
  void grant_clocks() { clock = std::make_unique<SystemClock>(); }
  void grant_random() { random = std::make_unique<SystemRandom>(); }

  /// Keeps `attachment` alive as long as this.
  template <class T>
  T& attach(std::unique_ptr<T> attachment) {
    T& ref = *attachment;
    attachments_.push_back(std::move(attachment));
    return ref;
  }

 private:
  std::vector<std::unique_ptr<Attachment>> attachments_;
};

}  // namespace skiff::wasi
