// The functions of libcurl that we use, of the shared library that is there when they are first needed.
#pragma once

#define CURL_DISABLE_TYPECHECK   // its macros stand in the way of members with the functions' names
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

namespace skiff::wasi {

#define SKIFF_CURL_FUNCTIONS(ROW)                                                                              \
  ROW(curl_global_init)                                                                                        \
  ROW(curl_version_info)                                                                                       \
  ROW(curl_easy_init)                                                                                          \
  ROW(curl_easy_setopt)                                                                                        \
  ROW(curl_easy_getinfo)                                                                                       \
  ROW(curl_easy_pause)                                                                                         \
  ROW(curl_easy_reset)                                                                                         \
  ROW(curl_easy_cleanup)                                                                                       \
  ROW(curl_multi_init)                                                                                         \
  ROW(curl_multi_setopt)                                                                                       \
  ROW(curl_multi_add_handle)                                                                                   \
  ROW(curl_multi_remove_handle)                                                                                \
  ROW(curl_multi_socket_action)                                                                                \
  ROW(curl_multi_info_read)                                                                                    \
  ROW(curl_multi_cleanup)                                                                                      \
  ROW(curl_slist_append)                                                                                       \
  ROW(curl_slist_free_all)

struct CurlApi {
#define SKIFF_CURL_MEMBER(NAME) decltype(&::NAME) NAME = nullptr;
  SKIFF_CURL_FUNCTIONS(SKIFF_CURL_MEMBER)
#undef SKIFF_CURL_MEMBER

  /// Null: it is not there. Thread: any.
  static const CurlApi* get();
};

}  // namespace skiff::wasi
