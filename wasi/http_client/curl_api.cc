// Loading libcurl.
#include "wasi/http_client/curl_api.h"

#include <dlfcn.h>

namespace skiff::wasi {
namespace {

CurlApi load() {
  CurlApi api;
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) return {};
  bool complete = true;
#define SKIFF_CURL_LOAD(NAME)                                                   \
  api.NAME = reinterpret_cast<decltype(api.NAME)>(::dlsym(library, #NAME));     \
  complete = complete && api.NAME;
  SKIFF_CURL_FUNCTIONS(SKIFF_CURL_LOAD)
#undef SKIFF_CURL_LOAD
  // What is older does not know all options, and may raise SIGPIPE over TLS.
  if (!complete || api.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
      api.curl_version_info(CURLVERSION_NOW)->version_num < 0x075800)
    return {};
  return api;
}

}  // namespace

const CurlApi* CurlApi::get() {
  static const CurlApi api = load();   // the library stays for good
  return api.curl_global_init ? &api : nullptr;
}

}  // namespace skiff::wasi
