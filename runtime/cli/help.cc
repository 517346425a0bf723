// `skiff help`: overview, one command, and the manual page (the source of skiff.1), all from the
// tables.
#include <algorithm>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"
#include "runtime/version.h"

namespace skiff::cli {
namespace {

std::string option_head(const OptionSpec& option) {
  std::string head = option.letter ? "-" + std::string(1, option.letter) + ", " : "    ";
  head += "--" + std::string(option.name);
  if (!option.value.empty()) head += "=" + std::string(option.value);
  return head;
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Quoted for roff: leading dots and backslashes mean something there, dashes must stay dashes.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (line_start && (c == '.' || c == '\''))
      out.append("\\&").append(1, c);
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

// Paragraphs are separated by empty lines; lines that start with blanks are shown as they are.
std::string roff_paragraphs(std::string_view text) {
  std::string out;
  bool literal = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool indented = line.starts_with(' ');
    if (indented != literal) out += indented ? ".nf\n" : ".fi\n";
    literal = indented;
    out += line.empty() ? ".PP\n" : roff(line) + "\n";
  }
  return out + (literal ? ".fi\n" : "");
}

std::string manual_page() {
  std::string page = ".TH SKIFF 1 \"\" \"skiff " + std::string(kVersion) + "\" \"User Commands\"\n";
  page +=
      ".SH NAME\nskiff \\- WebAssembly engine\n.SH SYNOPSIS\n.B skiff\n.I COMMAND\n[OPTION]... "
      "[OPERAND]...\n";
  page += ".SH COMMANDS\n";
  std::vector<const CommandSpec*> commands;
  for (const CommandSpec* command : all_commands()) {
    commands.push_back(command);
    commands.insert(commands.end(), command->tools.begin(), command->tools.end());
  }
  for (const CommandSpec* command : commands) {
    page += ".SS skiff " + roff(command->name) + " [OPTION]... " + roff(command->operands) + "\n";
    page += roff(command->summary) + "\n.PP\n" + roff_paragraphs(command->details);
    for (const OptionSpec& option : command->options) {
      std::string head = option_head(option);
      head.erase(0, head.find_first_not_of(' '));
      page += ".TP\n.B " + roff(head) + "\n" + roff(option.help) + "\n";
    }
  }
  page += ".SH EXIT STATUS\n" + std::string(
                                    "0 on success; 1 when the input is bad or a check failed; 2 "
                                    "when the command line is wrong.\n"
                                    "\\fBskiff run\\fR ends with the guest's own exit status, 134 "
                                    "when the guest trapped, 124 when it ran into\n"
                                    "\\-\\-timeout.\n");
  page += ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nWhen set, messages have no colours.\n";
  return page;
}

int run_help(const Arguments& args) {
  std::string text;
  if (args.has("man")) {
    text = manual_page();
  } else if (args.operands().empty()) {
    text = overview_help();
  } else {
    const CommandSpec* command = find_command(args.operands()[0]);
    if (!command) return unknown_command(args.operands()[0]);
    if (args.operands().size() > 1) {
      const std::string name = std::string(command->name) + " " + std::string(args.operands()[1]);
      const auto tool = std::ranges::find(command->tools, name, &CommandSpec::name);
      if (tool == command->tools.end()) return unknown_tool(*command, args.operands()[1]);
      command = *tool;
    }
    text = command_help(*command);
  }
  return print(text) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "man", .help = "print the manual page (roff)"},
};

}  // namespace

std::string overview_help() {
  std::string text =
      "Usage: skiff COMMAND [OPTION]... [OPERAND]...\n\nWebAssembly engine.\n\nCommands:\n";
  for (const CommandSpec* command : all_commands()) {
    text += "  " + padded(std::string(command->name), 12) + std::string(command->summary) + "\n";
  }
  return text +
         "\nOptions:\n  -h, --help     this text\n  -V, --version  the version\n\n"
         "See 'skiff help COMMAND' for the options of a command.\n";
}

std::string command_help(const CommandSpec& command) {
  std::string text = "Usage: skiff " + std::string(command.name);
  if (!command.options.empty()) text += " [OPTION]...";
  if (!command.operands.empty()) text += " " + std::string(command.operands);
  text += "\n\n" + std::string(command.summary) + ".\n";
  if (!command.details.empty()) text += "\n" + std::string(command.details);
  text += "\nOptions:\n";
  size_t width = 14;
  for (const OptionSpec& option : command.options)
    width = std::max(width, option_head(option).size() + 2);
  for (const OptionSpec& option : command.options) {
    text += "  " + padded(option_head(option), width) + std::string(option.help) +
            (option.repeats ? " (repeatable)" : "") + "\n";
  }
  return text + "  " + padded("-h, --help", width) + "this text\n";
}

const CommandSpec kHelpCommand = {
    .name = "help",
    .operands = "[COMMAND [TOOL]]",
    .summary = "explain skiff or one of its commands",
    .details = "",
    .options = kOptions,
    .run = run_help,
    .max_operands = 2,
};

}  // namespace skiff::cli
