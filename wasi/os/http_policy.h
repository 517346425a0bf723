// HttpPolicy: where a guest may send HTTP requests. A fresh one allows nothing. The embedder grants origins.
//
// A request is checked twice: its origin before anything is done, and the address that is connected to, after the name
// was resolved. A rule by name, or "*", never leads to internal addresses (IpAddress::is_internal), whatever name
// servers answer; rules by address mean what they say.
// Thread: one at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/os/http.h"
#include "wasi/os/net_policy.h"

namespace skiff::wasi {

/// Where a request goes.
struct HttpOrigin {
  bool https = false;
  std::string host;         // lower case, without brackets
  uint16_t port = 0;
  /// Requires: a scheme of HTTP.
  static HttpOrigin of(const HttpScheme& scheme, const HttpAuthority& authority);
  /// "http://example.com:80"
  std::string text() const;
};

class HttpPolicy {
 public:
  /// Grants "SCHEME://HOST[:PORT]". SCHEME: http, https or "*". HOST: an address, a network, a name, "*.NAME", or "*" for
  /// whatever is not internal. PORT: a number, a range or "*"; that of the scheme when missing. Errors: Inval.
  Io<void> allow(std::string_view rule);
  /// Grants every origin, internal ones too.
  void allow_all() { all_ = true; }
  bool allows_any() const { return all_ || !rules_.empty(); }

  /// Before the name is resolved.
  bool allows(const HttpOrigin& origin) const;
  /// Whether the origin, which is allowed, may be reached at this address.
  bool allows(const HttpOrigin& origin, const IpAddress& address) const;

  /// Told of everything that was refused, and which grant it would need: for the host's side only.
  std::function<void(std::string_view grant)> on_refused;
  void refused(const HttpOrigin& origin) const;
  void refused(const HttpOrigin& origin, const IpAddress& address) const;

 private:
  struct Rule {
    bool https;
    NetPolicy::Rule where;
  };
  bool all_ = false;
  std::vector<Rule> rules_;
};

}  // namespace skiff::wasi
