// Fields of messages: syntax, and a bounded list of them in one piece of text.
#include "wasi/os/http_fields.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace skiff::wasi {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"))
    table[static_cast<unsigned char>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = table[static_cast<size_t>(c - 'a' + 'A')] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr auto kForbidden = std::to_array<std::string_view>(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
     "transfer-encoding", "upgrade", "host", "http2-settings"});

}  // namespace

bool is_http_token(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_http_field_value(std::string_view s) {
  return std::ranges::all_of(s, [](char ch) {
    const auto c = static_cast<unsigned char>(ch);
    return (c >= 0x20 && c != 0x7F) || c == '\t';
  });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_forbidden_field(std::string_view name) {
  return std::ranges::any_of(kForbidden, [&](std::string_view f) { return equal_ignoring_case(f, name); });
}

HttpFields::Field HttpFields::at(size_t i) const {
  const Entry& e = entries_[i];
  const std::string_view text = text_;
  return {text.substr(e.at, e.name), text.substr(e.at + e.name, e.value)};
}

std::optional<std::string_view> HttpFields::find(std::string_view name) const {
  for (size_t i = 0; i < entries_.size(); ++i)
    if (const Field f = at(i); equal_ignoring_case(f.name, name)) return f.value;
  return std::nullopt;
}

HttpFields::Outcome HttpFields::append(std::string_view name, std::string_view value) {
  if (!valid(name, value)) return Outcome::Invalid;
  const uint64_t size = uint64_t{name.size()} + value.size() + kOverhead;
  if (entries_.size() >= limits_.count || size > limits_.bytes - bytes_) return Outcome::Full;
  entries_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                      static_cast<uint32_t>(value.size())});
  text_ += name;
  text_ += value;
  bytes_ += static_cast<uint32_t>(size);
  return Outcome::Ok;
}

template <class Drop>
size_t HttpFields::remove_if(Drop drop) {
  size_t kept = 0;
  while (kept != entries_.size() && !drop(at(kept).name)) ++kept;
  if (kept == entries_.size()) return 0;
  // What is kept moves down, text and entries.
  const size_t before = entries_.size();
  std::string text = text_.substr(0, entries_[kept].at);
  for (size_t i = kept; i < before; ++i) {
    const Field f = at(i);
    Entry e = entries_[i];
    if (drop(f.name)) {
      bytes_ -= e.name + e.value + kOverhead;
      continue;
    }
    e.at = static_cast<uint32_t>(text.size());
    text += f.name;
    text += f.value;
    entries_[kept++] = e;
  }
  entries_.resize(kept);
  text_ = std::move(text);
  return before - kept;
}

size_t HttpFields::remove(std::string_view name) {
  return remove_if([&](std::string_view n) { return equal_ignoring_case(n, name); });
}

void HttpFields::remove_forbidden() { remove_if(is_forbidden_field); }

void HttpFields::clear() {
  entries_.clear();
  text_.clear();
  bytes_ = 0;
}

bool HttpFields::content_length(std::optional<uint64_t>& length) const {
  length.reset();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Field f = at(i);
    if (!equal_ignoring_case(f.name, "content-length")) continue;
    uint64_t n = 0;
    const char* const last = f.value.data() + f.value.size();
    const auto [end, error] = std::from_chars(f.value.data(), last, n);
    if (f.value.empty() || error != std::errc() || end != last || (length && *length != n)) return false;
    length = n;
  }
  return true;
}

}  // namespace skiff::wasi
