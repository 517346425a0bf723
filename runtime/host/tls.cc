// Finding the TLS library.
#include "runtime/host/tls.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "runtime/host/connection.h"

namespace skiff::host {
namespace {

constexpr const char* kLibrary = "libskiff-tls.so";

// Beside the program, in the lib folder beside that, where the system looks; or where SKIFF_TLS_LIBRARY says.
std::vector<std::string> places() {
  if (const char* chosen = secure_getenv("SKIFF_TLS_LIBRARY"); chosen && *chosen) return {chosen};
  std::vector<std::string> result;
  char buffer[4096];
  const ssize_t n = ::readlink("/proc/self/exe", buffer, sizeof buffer);
  if (n > 0) {
    const std::string path(buffer, static_cast<size_t>(n));
    const std::string folder = path.substr(0, path.rfind('/'));
    for (const char* sub : {"/", "/../lib/", "/../lib/skiff/"}) result.push_back(folder + sub + kLibrary);
  }
  result.emplace_back(kLibrary);
  return result;
}

}  // namespace

std::expected<std::shared_ptr<TlsContext>, std::string> make_tls_context(const std::string& certificate,
                                                                         const std::string& key) {
  std::string tried;
  for (const std::string& place : places()) {
    void* library = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      const char* why = ::dlerror();
      const bool absent = place.find('/') == place.npos || ::access(place.c_str(), F_OK) != 0;
      tried.append("\n  ").append(absent || !why ? place : why);
      continue;
    }
    const auto* api = static_cast<const TlsLibrary*>(::dlsym(library, "skiff_tls_library"));
    if (api && api->version == TlsLibrary::kVersion) return api->make(certificate, key, has_http2());
    tried.append("\n  ").append(place).append(": not of this version");
  }
  return std::unexpected("TLS needs " + std::string(kLibrary) + ", which is not installed. Looked for" + tried);
}

}  // namespace skiff::host
