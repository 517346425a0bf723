// The search for the compiler's library.
#include "compiler/target/compiler_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace skiff::compiler {
namespace {

constexpr const char* kLibrary = "libskiff-llvm.so";
constexpr const char* kEntry = "skiff_llvm_compiler_api";

// Folder of the program or library that contains this function, without the slash; empty when not known.
std::string own_folder() {
  Dl_info info;
  std::string path;
  if (dladdr(reinterpret_cast<const void*>(&load_llvm_compiler), &info) != 0 && info.dli_fname) path = info.dli_fname;
  if (path.find('/') == std::string::npos || path[0] != '/') {
    // A program is known by how it was called: ask for the real path.
    char buffer[4096];
    const ssize_t n = readlink("/proc/self/exe", buffer, sizeof buffer);
    if (n <= 0) return {};
    path.assign(buffer, static_cast<size_t>(n));
  } else if (char* real = realpath(path.c_str(), nullptr)) {
    path = real;
    std::free(real);
  }
  return path.substr(0, path.rfind('/'));
}

std::vector<std::string> places() {
  if (const char* chosen = secure_getenv("SKIFF_LLVM_LIBRARY"); chosen && *chosen) return {chosen};
  std::vector<std::string> result;
  if (const std::string folder = own_folder(); !folder.empty())
    for (const char* sub : {"/", "/../lib/", "/../lib/skiff/"}) result.push_back(folder + sub + kLibrary);
  result.emplace_back(kLibrary);
  return result;
}

}  // namespace

std::string find_llvm_compiler() {
  for (std::string& place : places())
    if (place.find('/') != std::string::npos && access(place.c_str(), R_OK) == 0) return std::move(place);
  return {};
}

Result<const CompilerApi*> load_llvm_compiler() {
  std::string tried;
  for (const std::string& place : places()) {
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      const char* why = dlerror();
      // Only files that are there but cannot be loaded are worth a reason.
      const bool absent = place.find('/') == std::string::npos || access(place.c_str(), F_OK) != 0;
      tried.append("\n  ").append(absent ? place : why ? why : place);
      continue;
    }
    using Entry = const CompilerApi* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, kEntry));
    if (entry && entry()->version == kCompilerVersion) return entry();
    tried.append("\n  ").append(place).append(entry ? ": of another version" : ": not a compiler library");
  }
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex,
              "the optimising compiler (" + std::string(kLibrary) +
                  ") is not installed: put it next to the program or choose another tier. Looked for" + tried);
}

}  // namespace skiff::compiler
