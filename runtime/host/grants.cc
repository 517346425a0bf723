// Parsing, opening, reading.
#include "runtime/host/grants.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "component/binary/binary.h"
#include "component/text/text.h"

extern char** environ;

namespace skiff::host {
namespace {

std::unexpected<std::string> not_of_form(std::string_view text, const char* form) {
  return std::unexpected("'" + std::string(text) + "' is not of the form " + form);
}

}  // namespace

std::expected<void, std::string> Grants::add_dir(std::string_view text) {
  std::vector<std::string> parts;
  std::string_view rest = text;
  for (size_t end = 0; end != rest.npos;) {
    end = rest.find("::");
    parts.emplace_back(rest.substr(0, end));
    if (end != rest.npos) rest.remove_prefix(end + 2);
  }
  wasi::Access access = wasi::Access::ReadWrite;
  if (parts.size() > 1 && parts.back() == "ro") {
    access = wasi::Access::ReadOnly;
    parts.pop_back();
  }
  if (parts.size() > 2 || parts[0].empty() || parts.back().empty()) return not_of_form(text, "HOST[::GUEST][::ro]");
  auto dir = wasi::Dir::open_host(parts[0], access);
  if (!dir)
    return std::unexpected("cannot open directory '" + parts[0] + "': " + std::string(wasi::name_of(dir.error())));
  dirs_.push_back({parts.back(), std::move(*dir)});
  return {};
}

std::expected<void, std::string> Grants::add_env(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == text.npos) return not_of_form(text, "NAME=VALUE");
  const std::string_view prefix = text.substr(0, equals + 1);
  std::erase_if(env_, [&](const std::string& known) { return known.starts_with(prefix); });
  env_.emplace_back(text);
  return {};
}

void Grants::inherit_env() {
  for (char** variable = environ; variable && *variable; ++variable) (void)add_env(*variable);
}

std::expected<void, std::string> Grants::add_net(std::string_view text) {
  if (text == "all") network_.allow_all();
  else if (!network_.allow_connect(text)) return not_of_form(text, "HOST:PORT, for example example.com:443");
  return {};
}

std::expected<void, std::string> Grants::add_listen(std::string_view text) {
  if (!network_.allow_bind(text)) return not_of_form(text, "ADDRESS:PORT, for example 127.0.0.1:8080");
  return {};
}

std::expected<void, std::string> Grants::add_http(std::string_view text) {
  if (text == "all") http_.allow_all();
  else if (!http_.allow(text)) return not_of_form(text, "SCHEME://HOST[:PORT], for example https://example.com");
  return {};
}

std::unique_ptr<wasi::Ctx> Grants::make() const {
  auto ctx = std::make_unique<wasi::Ctx>();
  ctx->grant_clocks();
  ctx->grant_random();
  ctx->args = args_;
  ctx->env = env_;
  for (const wasi::Preopen& dir : dirs_) ctx->preopens.push_back({dir.guest_path, dir.dir});
  ctx->network = network_;
  ctx->http = http_;
  ctx->network.on_refused = ctx->http.on_refused = told_;
  if (ctx->network.allows_lookup()) ctx->resolver = std::make_unique<wasi::NameResolver>();
  return ctx;
}

Result<SharedBytes> read_component(const std::string& path, const Features& features) {
  const auto failed = [&] {
    return fail(ErrorCode::FileError, kNoOffset, kNoIndex, "cannot read '" + path + "': " + std::strerror(errno));
  };
  const wasi::OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0) return failed();
  std::vector<uint8_t> bytes(S_ISREG(st.st_mode) ? static_cast<size_t>(st.st_size) + 1 : size_t{1} << 16);
  size_t size = 0;
  for (;;) {
    if (size == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed();
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  if (component::is_component(bytes)) return SharedBytes::own(std::move(bytes));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (component::is_component_text(text))
    return SharedBytes::own(SKIFF_TRY(component::component_wat_to_binary(text, features)));
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              "'" + path + "' is no component; 'skiff component new' makes one of a core module");
}

}  // namespace skiff::host
