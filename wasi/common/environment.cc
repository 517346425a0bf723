// What a program is started with, and how it ends.
#include "wasi/common/environment.h"

#include "engine/base/utf8.h"

namespace skiff::wasi {
namespace {

std::string to_utf8(std::string_view s) {
  std::string out(s);
  if (is_utf8(s)) return out;
  for (char& c : out)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return out;
}

template <class R>
std::optional<Own<R>> terminal(WasiCall& c, const StdHandle& handle) {
  const auto* file = std::get_if<std::shared_ptr<File>>(&handle);
  if (!file || !(*file)->is_terminal()) return std::nullopt;
  return c.make<R>(nullptr);
}

}  // namespace

std::vector<std::tuple<std::string, std::string>> get_environment(WasiCall& c) {
  std::vector<std::tuple<std::string, std::string>> all;
  for (const std::string& entry : c.state.ctx.env) {
    const size_t end = std::min(entry.find('='), entry.size());
    all.emplace_back(to_utf8(std::string_view(entry).substr(0, end)),
                     to_utf8(std::string_view(entry).substr(std::min(end + 1, entry.size()))));
  }
  return all;
}

std::vector<std::string> get_arguments(WasiCall& c) {
  std::vector<std::string> all;
  for (const std::string& arg : c.state.ctx.args) all.push_back(to_utf8(arg));
  return all;
}

std::optional<std::string> initial_cwd(WasiCall&) { return std::nullopt; }

void exit(WasiCall& c, std::expected<void, Unit> status) { c.outcome = c.flat.exit(status ? 0 : 1); }
void exit_with_code(WasiCall& c, uint8_t code) { c.outcome = c.flat.exit(code); }

std::optional<Own<TerminalInput>> get_terminal_stdin(WasiCall& c) {
  return terminal<TerminalInput>(c, c.state.ctx.in);
}
std::optional<Own<TerminalOutput>> get_terminal_stdout(WasiCall& c) {
  return terminal<TerminalOutput>(c, c.state.ctx.out);
}
std::optional<Own<TerminalOutput>> get_terminal_stderr(WasiCall& c) {
  return terminal<TerminalOutput>(c, c.state.ctx.err);
}

}  // namespace skiff::wasi
