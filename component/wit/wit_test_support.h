// Helpers of the WIT tests: resolving a text with everything enabled, and the message of an error.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "component/wit/resolve.h"

namespace skiff::component::wit {

inline Options all_options() {
  Options options;
  options.features = Features::all();
  return options;
}

/// Resolves a text that must be right.
inline Resolved must(const std::string& text, Options options = all_options()) {
  Result<Resolved> r = parse_wit("t.wit", text, options);
  EXPECT_TRUE(r.has_value()) << r.error().message();
  return r ? std::move(*r) : Resolved{};
}

/// The message of a text that must be wrong; "accepted" when it is not.
inline std::string error_of(const std::string& text, const Options& options = all_options()) {
  const Result<Resolved> r = parse_wit("t.wit", text, options);
  return r ? "accepted" : r.error().message();
}

/// Keys of a world's imports or exports, separated by spaces.
inline std::string keys(const OrderedMap<WorldItem>& items) {
  std::string s;
  for (const auto& [key, item] : items) s += (s.empty() ? "" : " ") + key;
  return s;
}

inline const World& world(const Resolved& r, const std::string& name) {
  return r.resolve[*r.resolve[r.main].worlds.find(name)];
}
inline const Interface& interface(const Resolved& r, const std::string& name) {
  return r.resolve[*r.resolve[r.main].interfaces.find(name)];
}

}  // namespace skiff::component::wit
