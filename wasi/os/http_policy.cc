// Rules of origins: parsing, matching.
#include "wasi/os/http_policy.h"

#include <algorithm>

namespace skiff::wasi {
namespace {

using Kind = NetPolicy::Rule::Kind;

// Whether HOST[:PORT] has the port.
bool has_port(std::string_view where) {
  const size_t bracket = where.rfind(']');
  return where.find(':', bracket == where.npos ? 0 : bracket) != where.npos;
}

}  // namespace

HttpOrigin HttpOrigin::of(const HttpScheme& scheme, const HttpAuthority& authority) {
  HttpOrigin origin{scheme.kind == HttpScheme::Kind::Https};
  std::string_view host = authority.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  for (const char c : host) origin.host += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  // A dot at the end says that the name is complete, which it is anyway.
  if (origin.host.size() > 1 && origin.host.ends_with('.')) origin.host.pop_back();
  origin.port = authority.port.value_or(origin.https ? 443 : 80);
  return origin;
}

std::string HttpOrigin::text() const {
  const bool v6 = host.find(':') != host.npos;
  return (https ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Io<void> HttpPolicy::allow(std::string_view rule) {
  const size_t end = rule.find("://");
  if (end == rule.npos) return io_fail(Errno::Inval);
  const std::string_view scheme = rule.substr(0, end);
  std::string_view where = rule.substr(end + 3);
  // A network has a slash in it, an URL one at its end.
  if (where.ends_with('/')) where.remove_suffix(1);
  if (scheme != "http" && scheme != "https" && scheme != "*") return io_fail(Errno::Inval);
  for (const bool https : {false, true}) {
    if (scheme != "*" && https != (scheme == "https")) continue;
    std::string text(where);
    if (!has_port(where)) text += https ? ":443" : ":80";
    rules_.push_back({https, SKIFF_IO_TRY(NetPolicy::parse(text))});
  }
  return {};
}

bool HttpPolicy::allows(const HttpOrigin& origin) const {
  const auto ip = IpAddress::parse(origin.host);
  if (ip && ip->is_ipv4_in_ipv6()) return false;
  if (all_) return true;
  return std::ranges::any_of(rules_, [&](const Rule& r) {
    if (r.https != origin.https || !r.where.has_port(origin.port)) return false;
    switch (r.where.kind) {
      case Kind::Any: return !ip || !ip->is_internal();
      case Kind::Network: return ip && ip->in_prefix(r.where.network, r.where.length);
      case Kind::Name: return !ip && r.where.names(origin.host);
    }
    return false;
  });
}

bool HttpPolicy::allows(const HttpOrigin& origin, const IpAddress& address) const {
  if (address.is_ipv4_in_ipv6()) return false;
  if (all_) return true;
  return std::ranges::any_of(rules_, [&](const Rule& r) {
    if (r.https != origin.https || !r.where.has_port(origin.port)) return false;
    switch (r.where.kind) {
      case Kind::Any: return !address.is_internal();
      case Kind::Network: return address.in_prefix(r.where.network, r.where.length);
      case Kind::Name: break;
    }
    // "localhost", when granted by that very name, is this host.
    const bool local = r.where.name == "localhost" && address.is_loopback();
    return r.where.names(origin.host) && (local || !address.is_internal());
  });
}

void HttpPolicy::refused(const HttpOrigin& origin) const {
  if (on_refused) on_refused("--allow-http " + origin.text());
}

void HttpPolicy::refused(const HttpOrigin& origin, const IpAddress& address) const {
  if (!on_refused) return;
  const HttpOrigin there{origin.https, address.text(), origin.port};
  on_refused("--allow-http " + there.text() + " (" + origin.host + " is at this internal address)");
}

}  // namespace skiff::wasi
