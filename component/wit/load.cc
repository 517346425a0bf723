// Reading files and directories.
#include "component/wit/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace skiff::component::wit {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> file_error(const std::string& path, const std::string& why) {
  return fail(ErrorCode::FileError, kNoOffset, kNoIndex, path + ": " + why);
}

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return file_error(path, std::strerror(errno));
  std::string text;
  char buffer[1 << 14];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (std::ferror(file.get())) return file_error(path, "cannot be read");
  return text;
}

bool is_wit(const fs::path& path) { return path.extension() == ".wit"; }

// Entries of a directory that `wanted` takes, sorted.
template <class F>
Result<std::vector<std::string>> list(const std::string& path, F wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (wanted(it->path(), it->is_directory(ignored))) names.push_back(it->path().string());
  }
  if (error) return file_error(path, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The files of one package: a directory's, or the file itself.
Result<SourceGroup> load_group(SourceMap& sources, const std::string& path) {
  std::vector<std::string> paths{path};
  if (is_directory(path))
    paths =
        SKIFF_TRY(list(path, [](const fs::path& p, bool is_dir) { return !is_dir && is_wit(p); }));
  SourceGroup group;
  for (const std::string& file : paths) {
    std::string text = SKIFF_TRY(read_file(file));
    group.files.push_back(SKIFF_TRY(sources.add(file, std::move(text))));
  }
  return group;
}

}  // namespace

Result<Resolved> load_wit(const std::string& path, const std::vector<std::string>& dependencies,
                          const Options& options) {
  SourceMap sources;
  std::vector<SourceGroup> groups;
  groups.push_back(SKIFF_TRY(load_group(sources, path)));
  if (groups[0].files.empty()) return file_error(path, "there is no *.wit file in this directory");
  std::vector<std::string> all = dependencies;
  const std::string deps = path + "/deps";
  if (is_directory(path) && is_directory(deps)) {
    const auto found =
        SKIFF_TRY(list(deps, [](const fs::path& p, bool is_dir) { return is_dir || is_wit(p); }));
    all.insert(all.end(), found.begin(), found.end());
  }
  for (const std::string& dependency : all) {
    SourceGroup group = SKIFF_TRY(load_group(sources, dependency));
    if (!group.files.empty()) groups.push_back(std::move(group));
  }
  return resolve_sources(sources, groups, options);
}

Result<Resolved> load_wit(const std::string& path, const Options& options) {
  return load_wit(path, {}, options);
}

}  // namespace skiff::component::wit
