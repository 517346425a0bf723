// Builds without nghttp2: no HTTP/2.
#include "runtime/host/connection.h"

namespace skiff::host {

std::unique_ptr<Protocol> make_http2(Connection&) { return nullptr; }
bool has_http2() { return false; }

}  // namespace skiff::host
