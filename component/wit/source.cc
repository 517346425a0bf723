// Positions: offsets to files, lines and columns.
#include "component/wit/source.h"

#include <algorithm>

#include "engine/base/utf8.h"

namespace skiff::component::wit {
namespace {
constexpr size_t kMaxTotal = size_t{1} << 30;
}

Result<uint32_t> SourceMap::add(std::string path, std::string text) {
  if (!is_utf8(text)) return fail(ErrorCode::MalformedUtf8, kNoOffset, kNoIndex, path);
  if (text.size() >= kMaxTotal - next_)
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex, path + ": too much WIT");
  const uint32_t base = next_;
  next_ +=
      static_cast<uint32_t>(text.size()) + 1;  // the end of one file is not the start of the next
  files_.push_back({std::move(path), std::move(text), base});
  return static_cast<uint32_t>(files_.size() - 1);
}

uint32_t SourceMap::file_of(uint32_t offset) const {
  const auto after = std::upper_bound(files_.begin(), files_.end(), offset,
                                      [](uint32_t at, const File& f) { return at < f.base; });
  return static_cast<uint32_t>(after - files_.begin() - 1);
}

std::string_view SourceMap::text(Span span) const {
  const File& f = files_[file_of(span.begin)];
  return std::string_view(f.text).substr(span.begin - f.base, span.end - span.begin);
}

std::string SourceMap::position(uint32_t offset) const {
  const File& f = files_[file_of(offset)];
  const std::string_view before = std::string_view(f.text).substr(0, offset - f.base);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const std::string_view in_line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto column = 1 + std::count_if(in_line.begin(), in_line.end(), [](char c) {
                        return (static_cast<uint8_t>(c) & 0xC0) != 0x80;
                      });
  return f.path + ':' + std::to_string(line) + ':' + std::to_string(column);
}

Error SourceMap::error(ErrorCode code, Span at, std::string what, std::string hint) const {
  std::string detail = position(at.begin) + ": " + what;
  if (!hint.empty()) detail += "; " + hint;
  return Error{code, at.begin - files_[file_of(at.begin)].base, kNoIndex, std::move(detail)};
}

}  // namespace skiff::component::wit
