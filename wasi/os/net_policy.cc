// Rules of the network: parsing, matching.
#include "wasi/os/net_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace skiff::wasi {
namespace {

constexpr size_t kMaxPinned = 256;    // addresses of one name; the oldest are forgotten

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  if (out.ends_with('.')) out.pop_back();
  return out;
}

template <class T>
bool parse_number(std::string_view s, T& out) {
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
  return error == std::errc() && end == s.data() + s.size() && !s.empty();
}

bool parse_ports(std::string_view s, uint16_t& first, uint16_t& last) {
  if (s == "*") {
    first = 0;
    last = 0xFFFF;
    return true;
  }
  const size_t dash = s.find('-');
  if (dash == s.npos) return parse_number(s, first) && (last = first, true);
  return parse_number(s.substr(0, dash), first) && parse_number(s.substr(dash + 1), last) && first <= last;
}

bool is_host_name(std::string_view s) {
  if (s.empty() || s.size() > 253) return false;
  size_t label = 0;
  for (const char c : s) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '.' ? label == 0 : (!letter || label == 63)) return false;
    label = c == '.' ? 0 : label + 1;
  }
  return label != 0;
}

}  // namespace

Io<NetPolicy::Rule> NetPolicy::parse(std::string_view text) {
  Rule rule;
  const size_t colon = text.rfind(':');
  if (colon == text.npos || !parse_ports(text.substr(colon + 1), rule.first_port, rule.last_port))
    return io_fail(Errno::Inval);
  std::string_view host = text.substr(0, colon);
  if (host == "*") return rule;
  std::optional<std::string_view> length;
  if (const size_t slash = host.find('/'); slash != host.npos) {
    length = host.substr(slash + 1);
    host = host.substr(0, slash);
  }
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (const auto ip = IpAddress::parse(host)) {
    if ((ip->family == AddressFamily::Ipv6) != bracketed) return io_fail(Errno::Inval);
    rule.kind = Rule::Kind::Network;
    rule.network = *ip;
    rule.length = ip->bits();
    if (length && (!parse_number(*length, rule.length) || rule.length > ip->bits())) return io_fail(Errno::Inval);
    return rule;
  }
  if (bracketed || length) return io_fail(Errno::Inval);
  rule.kind = Rule::Kind::Name;
  rule.name = lower(host);
  if (rule.name.starts_with("*.")) rule.name.erase(0, 1);
  if (!is_host_name(rule.name.starts_with('.') ? rule.name.substr(1) : rule.name)) return io_fail(Errno::Inval);
  return rule;
}

Io<void> NetPolicy::allow_connect(std::string_view rule) {
  connect_.push_back(SKIFF_IO_TRY(parse(rule)));
  return {};
}

Io<void> NetPolicy::allow_bind(std::string_view text) {
  Rule rule = SKIFF_IO_TRY(parse(text));
  if (rule.kind == Rule::Kind::Name) return io_fail(Errno::Inval);
  bind_.push_back(std::move(rule));
  return {};
}

void NetPolicy::allow_all() { all_ = lookup_all_ = true; }

bool NetPolicy::Rule::names(std::string_view host) const {
  if (kind != Kind::Name) return false;
  return name.starts_with('.') ? host.size() > name.size() && host.ends_with(name) : host == name;
}

bool NetPolicy::Rule::covers(const SocketAddress& address) const {
  if (!has_port(address.port)) return false;
  switch (kind) {
    case Kind::Any: return true;
    case Kind::Network: return address.ip.in_prefix(network, length);
    case Kind::Name: return std::ranges::find(pinned, address.ip) != pinned.end();
  }
  return false;
}

bool NetPolicy::allows_lookup() const {
  return lookup_all_ || std::ranges::any_of(connect_, [](const Rule& r) { return r.kind == Rule::Kind::Name; });
}

bool NetPolicy::may_look_up(std::string_view name) const {
  const std::string host = lower(name);
  return lookup_all_ || std::ranges::any_of(connect_, [&](const Rule& r) { return r.names(host); });
}

std::vector<IpAddress> NetPolicy::resolved(std::string_view name, const std::vector<IpAddress>& addresses) {
  const std::string host = lower(name);
  std::vector<IpAddress> told;
  for (const IpAddress& a : addresses) {
    if (a.is_ipv4_in_ipv6()) continue;
    // "localhost", when granted by that very name, is this host.
    const bool usable = all_ || !a.is_internal() || (host == "localhost" && a.is_loopback());
    if (usable) {
      for (Rule& r : connect_) {
        if (!r.names(host) || std::ranges::find(r.pinned, a) != r.pinned.end()) continue;
        if (r.pinned.size() == kMaxPinned) r.pinned.erase(r.pinned.begin());
        r.pinned.push_back(a);
      }
    }
    // Told is also what a rule by address allows on some port.
    const auto by_address = [&](const Rule& r) {
      return r.kind == Rule::Kind::Network && a.in_prefix(r.network, r.length);
    };
    if (usable || std::ranges::any_of(connect_, by_address)) told.push_back(a);
  }
  return told;
}

bool NetPolicy::allows(NetUse use, const SocketAddress& address) const {
  if (address.ip.is_ipv4_in_ipv6()) return false;
  if (all_) return true;
  const bool binds = use == NetUse::TcpBind || use == NetUse::UdpBind;
  for (const Rule& rule : binds ? bind_ : connect_) {
    if (!rule.covers(address)) continue;
    // "*" for binding means any address of this host, which is what the embedder says by it.
    if (rule.kind == Rule::Kind::Any && !binds && address.ip.is_internal()) continue;
    return true;
  }
  return false;
}

void NetPolicy::refused(NetUse use, const SocketAddress& address) const {
  if (!on_refused) return;
  const bool binds = use == NetUse::TcpBind || use == NetUse::UdpBind;
  on_refused((binds ? "--allow-listen " : "--allow-net ") + address.text());
}

void NetPolicy::refused_lookup(std::string_view name) const {
  if (on_refused) on_refused("--allow-net " + std::string(name) + ":*");
}

}  // namespace skiff::wasi
