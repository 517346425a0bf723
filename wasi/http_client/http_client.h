// The client for requests that guests send: HTTP/1.1 and HTTP/2 over libcurl's multi interface, in the event loop of one
// thread, which nothing blocks: names are looked up by NameResolver. Connections are kept and used again,
// for whichever guest may reach the address that they lead to.
// Thread: one, that of the reactor.
#pragma once

#include <memory>
#include <string>

#include "wasi/os/ctx.h"
#include "wasi/os/http.h"
#include "wasi/os/lookup.h"
#include "wasi/os/reactor.h"

namespace skiff::wasi {

struct HttpClientConfig {
  uint32_t requests = 1024;                 // at a time; more fail with connection-limit-reached
  uint32_t connections = 256;               // open at a time, used or kept
  uint32_t connections_per_host = 64;
  HttpFieldLimits fields;                   // of headers and trailers of responses
  /// What holds where a guest sets nothing.
  HttpRequestOptions timeouts{.connect_timeout = 60'000'000'000,
                              .first_byte_timeout = 600'000'000'000,
                              .between_bytes_timeout = 600'000'000'000};
  std::string ca_file;                      // whom to trust; empty: as the host does
};

/// libcurl is looked for when something is first sent; where it is missing, or too old, that fails with
/// configuration-error. The reactor outlives the client; what the client still has to do when it ends fails.
std::unique_ptr<HttpClient> make_http_client(Reactor& reactor, HttpClientConfig config = {});

/// Gives a context a client of its own, and the scheduler in which that works: for guests who wait by stopping their thread.
/// Errors: those of making an event loop.
Io<void> add_http_client(Ctx& ctx, HttpClientConfig config = {});

}  // namespace skiff::wasi
