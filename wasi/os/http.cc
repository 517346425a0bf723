// Methods, schemes, and the syntax of targets. Spec: RFC 9110 9.1, RFC 3986
#include "wasi/os/http.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "wasi/os/address.h"

namespace skiff::wasi {
namespace {

constexpr std::array<std::string_view, 9> kMethods = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                      "CONNECT", "OPTIONS", "TRACE", "PATCH"};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// reg-name without percent signs, which no resolver knows.
bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= 255 && std::ranges::all_of(s, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("-._~!$&'()*+,;=").contains(c);
  });
}

}  // namespace

std::optional<HttpMethod> HttpMethod::parse(std::string_view text) {
  for (size_t i = 0; i < kMethods.size(); ++i)
    if (text == kMethods[i]) return HttpMethod{static_cast<Kind>(i), {}};
  if (!is_http_token(text)) return std::nullopt;
  return HttpMethod{Kind::Other, std::string(text)};
}

std::string_view HttpMethod::text() const {
  return kind == Kind::Other ? std::string_view(other) : kMethods[static_cast<size_t>(kind)];
}

std::optional<HttpScheme> HttpScheme::parse(std::string_view text) {
  if (equal_ignoring_case(text, "http")) return HttpScheme{Kind::Http, {}};
  if (equal_ignoring_case(text, "https")) return HttpScheme{Kind::Https, {}};
  const auto valid = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  if (text.empty() || text.size() > 64 || !is_letter(text[0]) || !std::ranges::all_of(text, valid))
    return std::nullopt;
  return HttpScheme{Kind::Other, std::string(text)};
}

std::string_view HttpScheme::text() const {
  switch (kind) {
    case Kind::Http: return "http";
    case Kind::Https: return "https";
    case Kind::Other: break;
  }
  return other;
}

std::optional<HttpAuthority> HttpAuthority::parse(std::string_view s) {
  HttpAuthority a;
  size_t end = s.find(':');
  if (s.starts_with('[')) {
    end = s.find(']');
    if (end == s.npos) return std::nullopt;
    const auto ip = IpAddress::parse(s.substr(1, end - 1));
    if (!ip || ip->family != AddressFamily::Ipv6) return std::nullopt;
    a.host = s.substr(0, ++end);
  } else {
    a.host = s.substr(0, end);
    if (!is_name(a.host)) return std::nullopt;
  }
  if (end >= s.size()) return a;
  const std::string_view port = s.substr(end + 1);
  uint16_t n = 0;
  const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), n);
  if (s[end] != ':' || port.empty() || error != std::errc() || last != port.data() + port.size()) return std::nullopt;
  a.port = n;
  return a;
}

bool is_http_path_with_query(std::string_view s) {
  if (s.empty() || s == "*") return true;
  if (s[0] != '/' && s[0] != '?') return false;
  return std::ranges::all_of(s, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

}  // namespace skiff::wasi
