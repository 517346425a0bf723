// The `skiff` program: finds the subcommand and runs it. Nothing is set up here that a subcommand
// does not ask for, so that a start costs next to nothing.
#include <cstdio>

#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"

namespace skiff::cli {
namespace {

constexpr const CommandSpec* kCommands[] = {
    &kRunCommand,  &kServeCommand, &kCompileCommand,    &kCacheCommand,   &kValidateCommand,
    &kWatCommand,  &kWat2WasmCommand,   &kDumpCommand,    &kInspectCommand,
    &kComponentCommand, &kBindgenCommand, &kWastCommand, &kHelpCommand, &kCompletionCommand, &kVersionCommand,
};

int run_command(const CommandSpec& command, std::span<char* const> args) {
  const Arguments parsed(command, args);
  if (parsed.help()) return print(command_help(command)) ? kExitOk : kExitFailure;
  if (!parsed.error().empty()) {
    report_error(parsed.error() + "\nTry 'skiff help " + std::string(command.name) + "'.");
    return kExitUsage;
  }
  return command.run(parsed);
}

int run_main(std::span<char* const> args) {
  if (args.empty()) {
    const std::string text = overview_help();
    std::fwrite(text.data(), 1, text.size(), stderr);
    return kExitUsage;
  }
  const std::string_view name = args[0];
  if (name == "--help" || name == "-h") return print(overview_help()) ? kExitOk : kExitFailure;
  if (name == "--version" || name == "-V") return run_command(kVersionCommand, args.subspan(1));
  const CommandSpec* command = find_command(name);
  return command ? run_command(*command, args.subspan(1)) : unknown_command(name);
}

}  // namespace

std::span<const CommandSpec* const> all_commands() { return kCommands; }

const CommandSpec* find_command(std::string_view name) {
  for (const CommandSpec* command : kCommands)
    if (command->name == name) return command;
  return nullptr;
}

int unknown_command(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandSpec* command : kCommands) names.push_back(command->name);
  std::string message = "unknown command '" + std::string(name) + "'";
  const std::string_view close = nearest(name, names);
  if (!close.empty()) {
    message += "; did you mean '" + std::string(close) + "'?";
  } else if (name.ends_with(".wasm") || name.ends_with(".wat")) {
    message += "; to run a module: skiff run " + std::string(name);
  }
  report_error(message + "\nTry 'skiff help'.");
  return kExitUsage;
}

int unknown_tool(const CommandSpec& command, std::string_view name) {
  const std::string prefix = std::string(command.name) + " ";
  std::vector<std::string_view> names;
  for (const CommandSpec* tool : command.tools) names.push_back(tool->name.substr(prefix.size()));
  std::string message = "unknown tool '" + std::string(name) + "'";
  const std::string_view close = nearest(name, names);
  if (!close.empty()) message += "; did you mean '" + std::string(close) + "'?";
  report_error(message + "\nTry 'skiff help " + std::string(command.name) + "'.");
  return kExitUsage;
}

}  // namespace skiff::cli

int main(int argc, char** argv) {
  return skiff::cli::run_main(
      {argv + (argc > 0 ? 1 : 0), static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
