// Finding the TLS library.
#include "runtime/host/tls.h"

namespace skiff::host {

std::expected<std::shared_ptr<TlsContext>, std::string> make_tls_context(const std::string&, const std::string&) {
  return std::unexpected("this build has no TLS");
}

}  // namespace skiff::host
