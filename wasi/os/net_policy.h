// NetPolicy: which addresses a guest may talk to. A fresh one allows nothing. The embedder grants
// connecting (TCP connect, UDP send) and listening (bind) by rules of host and port, and looking names up.
//
// Checked is always the address that goes to the host: after names were resolved, at every bind (implicit ones
// too), connect and datagram. A rule by name allows those addresses that the name was resolved to by this policy's
// owner, and only where they are not internal (IpAddress::is_internal): what a name server answers
// must not lead into the private network. Rules by address mean what they say.
// Thread: one at a time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/os/address.h"
#include "wasi/os/errno.h"

namespace skiff::wasi {

enum class NetUse : uint8_t { TcpConnect, TcpBind, UdpSend, UdpBind };

class NetPolicy {
 public:
  /// HOST:PORT, taken apart.
  struct Rule {
    enum class Kind : uint8_t { Any, Network, Name } kind = Kind::Any;
    IpAddress network;
    unsigned length = 0;
    std::string name;            // lower case; with a leading "." for "*.name"
    uint16_t first_port = 0;
    uint16_t last_port = 0;
    std::vector<IpAddress> pinned;   // Name: what it was resolved to
    /// Requires: `host` in lower case.
    bool names(std::string_view host) const;
    bool has_port(uint16_t port) const { return first_port <= port && port <= last_port; }
    bool covers(const SocketAddress& address) const;
  };
  /// Errors: Inval.
  static Io<Rule> parse(std::string_view text);

  /// Grants connecting and sending to "HOST:PORT". HOST: an address ("10.0.0.1", "[::1]"), a network
  /// ("10.0.0.0/8"), a name ("example.com", also "*.example.com"), or "*" for every address that is not
  /// internal. PORT: a number, a range ("8000-8999") or "*". A name also grants looking it up.
  /// Errors: Inval.
  Io<void> allow_connect(std::string_view rule);
  /// Grants binding, and with it listening and receiving; rules by address only. Errors: Inval.
  Io<void> allow_bind(std::string_view rule);
  /// Grants everything, internal addresses and all names too.
  void allow_all();
  /// Grants looking up every name, which tells nothing but the answers.
  void allow_lookup() { lookup_all_ = true; }

  /// Whether anything is granted: without, sockets cannot even be made.
  bool allows_sockets() const { return all_ || !connect_.empty() || !bind_.empty(); }
  bool allows_lookup() const;
  /// Something may be connected or sent to. Then sockets may be bound to any free port of their own, as clients
  /// do; what they receive there is only what comes from where they may send to.
  bool allows_clients() const { return all_ || !connect_.empty(); }
  bool may_look_up(std::string_view name) const;
  /// What a name that was looked up came to. Addresses are remembered for the rules that have the name;
  /// returns those that the guest may be told of.
  std::vector<IpAddress> resolved(std::string_view name, const std::vector<IpAddress>& addresses);
  /// Binding to port 0 or to an unspecified address needs a rule that says so.
  bool allows(NetUse use, const SocketAddress& address) const;

  /// Told of everything that was refused, and which grant it would need: for the host's side only.
  std::function<void(std::string_view grant)> on_refused;
  void refused(NetUse use, const SocketAddress& address) const;
  void refused_lookup(std::string_view name) const;

 private:

  bool all_ = false;
  bool lookup_all_ = false;
  std::vector<Rule> connect_;
  std::vector<Rule> bind_;
};

}  // namespace skiff::wasi
