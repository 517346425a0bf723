// Hand-made binaries for the tests of this folder.
#pragma once

#include <initializer_list>

#include "engine/base/writer.h"
#include "engine/binary/decode.h"

namespace skiff::test {

using Bytes = std::vector<uint8_t>;

inline Bytes cat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline Bytes text(std::string_view s) { return Bytes(s.begin(), s.end()); }

/// A section: id, size, content.
inline Bytes section(uint8_t id, std::initializer_list<Bytes> content) {
  const Bytes bytes = cat(content);
  Writer out;
  out.u8(id);
  out.u32(bytes.size());
  out.bytes(bytes);
  return out.take();
}

inline Bytes custom(std::string_view name, std::initializer_list<Bytes> content) {
  Writer out;
  out.name(name);
  return section(0, {out.take(), cat(content)});
}

/// A module: header, then the sections.
inline Bytes binary(std::initializer_list<Bytes> sections) {
  return cat({{0x00, 'a', 's', 'm', 1, 0, 0, 0}, cat(sections)});
}

inline Result<Module> decode(Bytes bytes, Features features = {}) {
  return decode_module(SharedBytes::own(std::move(bytes)), features);
}

/// The error's text, or "ok".
inline std::string outcome(Bytes bytes, Features features = {}) {
  const Result<Module> module = decode(std::move(bytes), features);
  return module ? "ok" : module.error().message();
}

inline Features without(Feature feature) {
  Features features;
  features.set(feature, false);
  return features;
}

}  // namespace skiff::test
