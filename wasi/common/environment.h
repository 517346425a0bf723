// wasi:cli but for the standard streams: arguments, variables, exit, terminals. Strings of the host are not always
// UTF-8, those of components are: bytes that are no ASCII become '?' then.
#pragma once

#include "wasi/common/state.h"

namespace skiff::wasi {

struct TerminalInput final : CommonResource<CommonKind::TerminalInput> {};
struct TerminalOutput final : CommonResource<CommonKind::TerminalOutput> {};

std::vector<std::tuple<std::string, std::string>> get_environment(WasiCall& c);
std::vector<std::string> get_arguments(WasiCall& c);
std::optional<std::string> initial_cwd(WasiCall& c);
void exit(WasiCall& c, std::expected<void, Unit> status);
void exit_with_code(WasiCall& c, uint8_t code);
std::optional<Own<TerminalInput>> get_terminal_stdin(WasiCall& c);
std::optional<Own<TerminalOutput>> get_terminal_stdout(WasiCall& c);
std::optional<Own<TerminalOutput>> get_terminal_stderr(WasiCall& c);

}  // namespace skiff::wasi
