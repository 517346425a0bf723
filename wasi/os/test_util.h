// For tests: a temporary directory of the host, filled and inspected by plain host calls.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace skiff::wasi {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "skiff-wasi-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(*this / name) << bytes;
  }
  std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(*this / name).rdbuf();
    return out.str();
  }
  void mkdir(const std::string& name) const { std::filesystem::create_directories(*this / name); }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, *this / name);
  }
  bool exists(const std::string& name) const {
    struct stat st;
    return ::lstat((*this / name).c_str(), &st) == 0;
  }

 private:
  std::string path_;
};

}  // namespace skiff::wasi
