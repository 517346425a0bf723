// Features by folder, and the skip list read with toml++.
#include "spectest/suite.h"

#include <fnmatch.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "engine/base/check.h"

namespace skiff::spectest {
namespace {

// Folder (anywhere in the path), changes to the default features. The first row that matches
// counts.
//   component/            the component suite: what its README switches on, in our names
//   legacy/               opcodes that Wasm 3.0 has replaced
//   custom-page-sizes/    off by default
//   threads/              written against Wasm 1.0 and its first extensions: expects errors for
//   second
//                         memories and tables, and uses abbreviations that bulk-memory replaced
struct FolderFeatures {
  std::string_view folder;
  std::string_view changes;
};
constexpr FolderFeatures kFolders[] = {
    {"component/", "+cm-more-async-builtins,+cm-async-stackful,+cm-threading,+cm-fixed-lists"},
    {"legacy/", "+legacy-exceptions"},
    {"proposals/custom-page-sizes/", "+custom-page-sizes"},
    {"proposals/threads/", "none,+threads,+sign-extension,+saturating-float-to-int,+multi-value"},
    {"proposals/wide-arithmetic/", "+wide-arithmetic"},
};

Error skip_error(const std::string& path, const toml::source_position& at, std::string_view what) {
  return Error{ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
               path + ":" + std::to_string(at.line) + ": " + std::string(what)};
}

}  // namespace

Features features_of(std::string_view path) {
  Features features;
  for (const FolderFeatures& row : kFolders) {
    const size_t at = path.rfind(row.folder);
    if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/')) continue;
    const Status applied = features.apply(row.changes);
    SKIFF_CHECK(applied.has_value());
    break;
  }
  return features;
}

Result<SkipList> SkipList::load(const std::string& path) {
  toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const toml::parse_error& e = parsed.error();
    return std::unexpected(skip_error(path, e.source().begin, e.description()));
  }
  SkipList list;
  const toml::array* entries = parsed.table()["skip"].as_array();
  if (!entries) return list;
  for (const toml::node& node : *entries) {
    const toml::table* entry = node.as_table();
    const auto text = [&](std::string_view key) -> std::string {
      return entry ? (*entry)[key].value_or(std::string()) : std::string();
    };
    Entry e{text("files"), text("tier"), text("reason")};
    if (e.files.empty() || e.tier.empty() || e.reason.empty()) {
      return std::unexpected(
          skip_error(path, node.source().begin, "a skip entry needs files, tier and reason"));
    }
    list.entries_.push_back(std::move(e));
  }
  return list;
}

std::optional<std::string_view> SkipList::reason(const std::string& path,
                                                 std::string_view tier) const {
  for (const Entry& e : entries_) {
    if (e.tier != "*" && e.tier != tier) continue;
    for (size_t at = 0; at != std::string::npos; at = path.find('/', at + 1)) {
      const char* tail = path.c_str() + at + (path[at] == '/' ? 1 : 0);
      if (fnmatch(e.files.c_str(), tail, 0) == 0) return e.reason;
    }
  }
  return std::nullopt;
}

}  // namespace skiff::spectest
