// Source texts of WIT and positions in them. Sources lie end to end in one space of offsets, so
// that a position is one number; errors turn it into file, line and column.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace skiff::component::wit {

/// A range of the space of all sources. Units: bytes.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

class SourceMap {
 public:
  /// Adds a text. Returns the number of the file. Errors: MalformedUtf8; LimitExceeded beyond 1 GiB
  /// in all.
  Result<uint32_t> add(std::string path, std::string text);

  size_t size() const { return files_.size(); }
  std::string_view path(uint32_t file) const { return files_[file].path; }
  std::string_view text(uint32_t file) const { return files_[file].text; }
  /// Position of the file's first byte.
  uint32_t base(uint32_t file) const { return files_[file].base; }
  /// The text of a span, which lies within one file.
  std::string_view text(Span span) const;

  /// "dir/file.wit:3:7"; lines and columns count from 1, columns in characters.
  std::string position(uint32_t offset) const;

  /// An error at a position: MalformedWit (syntax) or InvalidWit (meaning), with "file:line:column:
  /// what" and, when there is a `hint`, "; hint" as detail, and the offset within the file.
  Error error(ErrorCode code, Span at, std::string what, std::string hint = {}) const;

 private:
  struct File {
    std::string path;
    std::string text;
    uint32_t base = 0;
  };
  uint32_t file_of(uint32_t offset) const;

  std::deque<File> files_;  // texts never move: views into them live as long as the map
  uint32_t next_ = 0;
};

}  // namespace skiff::component::wit
