// The subcommands; one file each. An entry's `run` returns the exit code (exit codes: docs/cli.md).
#pragma once

#include <span>

#include "runtime/cli/args.h"

namespace skiff::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;    // the input is bad, cannot be read, or a check failed
inline constexpr int kExitUsage = 2;      // the command line is wrong
inline constexpr int kExitTimeout = 124;  // --timeout, as timeout(1) has it
inline constexpr int kExitTrap = 134;     // the guest trapped, as a shell reports SIGABRT

extern const CommandSpec kRunCommand;
extern const CommandSpec kServeCommand;
extern const CommandSpec kCompileCommand;
extern const CommandSpec kCacheCommand;
extern const CommandSpec kValidateCommand;
extern const CommandSpec kWatCommand;
extern const CommandSpec kWat2WasmCommand;
extern const CommandSpec kDumpCommand;
extern const CommandSpec kComponentCommand;
extern const CommandSpec kBindgenCommand;
extern const CommandSpec kInspectCommand;
extern const CommandSpec kWastCommand;
extern const CommandSpec kCompletionCommand;
extern const CommandSpec kVersionCommand;
extern const CommandSpec kHelpCommand;

/// All of them in the order of help texts.
std::span<const CommandSpec* const> all_commands();
/// Null when there is none of that name.
const CommandSpec* find_command(std::string_view name);
/// Reports an unknown subcommand, with the nearest one; returns kExitUsage.
int unknown_command(std::string_view name);
/// The same for one of the command's tools.
int unknown_tool(const CommandSpec& command, std::string_view name);

/// The help text of `skiff` itself.
std::string overview_help();
std::string command_help(const CommandSpec& command);

}  // namespace skiff::cli
