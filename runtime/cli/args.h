// Command lines from tables: a CommandSpec says what a subcommand accepts, and its parser, help
// text, shell completion and manual page all follow from it. Parsing copies nothing and allocates
// little, since it is part of every start.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::cli {

struct OptionSpec {
  std::string_view name;   // long name without dashes
  char letter = 0;         // short name, or 0
  std::string_view value;  // what the value is called in help; empty: a flag
  std::string_view help;
  bool repeats = false;  // may be given several times
};

class Arguments;

struct CommandSpec {
  std::string_view name;
  std::string_view operands;  // e.g. "FILE [ARG]..."
  std::string_view summary;   // one line
  std::string_view details;   // paragraphs for `skiff help NAME`
  std::span<const OptionSpec> options;
  int (*run)(const Arguments& args);
  size_t min_operands = 0;
  size_t max_operands = 0;
  /// Everything after the first operand is an operand (the guest's own arguments).
  bool stops_at_operand = false;
  /// Commands of its own, whose names begin with this one's and a space.
  std::span<const CommandSpec* const> tools = {};
};

class Arguments {
 public:
  /// Parses what follows the subcommand's name. Options are --name=value, --name value, -l value or
  /// -lvalue; "--" ends them. On failure `error()` is not empty.
  Arguments(const CommandSpec& command, std::span<char* const> args);

  const CommandSpec& command() const { return *command_; }
  const std::string& error() const { return error_; }
  bool help() const { return help_; }
  bool has(std::string_view option) const { return value(option).has_value(); }
  /// The value given last; empty for flags.
  std::optional<std::string_view> value(std::string_view option) const;
  std::vector<std::string_view> values(std::string_view option) const;
  std::span<const std::string_view> operands() const { return operands_; }

 private:
  void parse(std::span<char* const> args);
  // Reads the option at args[i], and its value perhaps from args[i + 1]; returns the index after.
  size_t parse_long(std::span<char* const> args, size_t i);
  size_t parse_short(std::span<char* const> args, size_t i);
  size_t take_value(const OptionSpec& spec, std::span<char* const> args, size_t i);
  void check_counts();
  void fail(std::string message);

  const CommandSpec* command_;
  std::vector<std::pair<const OptionSpec*, std::string_view>> given_;
  std::vector<std::string_view> operands_;
  std::string error_;
  bool help_ = false;
};

/// The candidate that `word` is most likely a misspelling of; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace skiff::cli
