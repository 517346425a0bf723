// wasi:cli: arguments, environment, standard streams, terminals, exit.
#include "engine/base/utf8.h"
#include "wasi/os/file_stream.h"
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

// Strings of the host are not always UTF-8, those of components are: bytes that are no ASCII become '?' then.
std::string to_utf8(std::string_view s) {
  std::string out(s);
  if (is_utf8(s)) return out;
  for (char& c : out)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return out;
}

bool is_terminal(const StdHandle& handle) {
  const auto* file = std::get_if<std::shared_ptr<File>>(&handle);
  return file && (*file)->is_terminal();
}

template <class R>
std::optional<Own<R>> terminal(P2Call& c, const StdHandle& handle) {
  if (!is_terminal(handle)) return std::nullopt;
  return c.make<R>(nullptr);
}

Own<Output> output(P2Call& c, const StdHandle& handle) {
  Interrupt interrupt = c.interrupt();
  interrupt.scheduler = &c.state.scheduler;
  return c.make<Output>(nullptr, std_output(handle, interrupt));
}

}  // namespace

std::vector<std::tuple<std::string, std::string>> get_environment(P2Call& c) {
  std::vector<std::tuple<std::string, std::string>> all;
  for (const std::string& entry : c.state.ctx.env) {
    const size_t end = std::min(entry.find('='), entry.size());
    all.emplace_back(to_utf8(std::string_view(entry).substr(0, end)),
                     to_utf8(std::string_view(entry).substr(std::min(end + 1, entry.size()))));
  }
  return all;
}

std::vector<std::string> get_arguments(P2Call& c) {
  std::vector<std::string> all;
  for (const std::string& arg : c.state.ctx.args) all.push_back(to_utf8(arg));
  return all;
}

std::optional<std::string> initial_cwd(P2Call&) { return std::nullopt; }

void exit(P2Call& c, std::expected<void, Unit> status) { c.outcome = c.flat.exit(status ? 0 : 1); }
void exit_with_code(P2Call& c, uint8_t code) { c.outcome = c.flat.exit(code); }

Own<Input> get_stdin(P2Call& c) { return c.make<Input>(nullptr, c.state.in); }
Own<Output> get_stdout(P2Call& c) { return output(c, c.state.ctx.out); }
Own<Output> get_stderr(P2Call& c) { return output(c, c.state.ctx.err); }

std::optional<Own<TerminalInput>> get_terminal_stdin(P2Call& c) {
  return terminal<TerminalInput>(c, c.state.ctx.in);
}
std::optional<Own<TerminalOutput>> get_terminal_stdout(P2Call& c) {
  return terminal<TerminalOutput>(c, c.state.ctx.out);
}
std::optional<Own<TerminalOutput>> get_terminal_stderr(P2Call& c) {
  return terminal<TerminalOutput>(c, c.state.ctx.err);
}

}  // namespace skiff::wasi::p2
