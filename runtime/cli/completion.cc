// `skiff completion`: scripts for shells, generated from the command tables.
#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"

namespace skiff::cli {
namespace {

std::string option_words(const CommandSpec& command) {
  std::string words;
  for (const OptionSpec& option : command.options) {
    words += "--" + std::string(option.name) + (option.value.empty() ? " " : "= ");
  }
  return words + "--help";
}

std::string command_words() {
  std::string words;
  for (const CommandSpec* command : all_commands())
    words.append(words.empty() ? "" : " ").append(command->name);
  return words;
}

std::string tool_words(const CommandSpec& command) {
  std::string words;
  for (const CommandSpec* tool : command.tools)
    words.append(words.empty() ? "" : " ").append(tool->name.substr(command.name.size() + 1));
  return words;
}

std::string bash_script() {
  std::string script =
      "# bash completion for skiff; load with: source <(skiff completion bash)\n"
      "_skiff() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} options=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '" +
      command_words() +
      " --help --version' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${COMP_WORDS[1]} ${COMP_WORDS[2]-}\" in\n";
  for (const CommandSpec* command : all_commands()) {
    for (const CommandSpec* tool : command->tools)
      script += "    '" + std::string(tool->name) + "') options='" + option_words(*tool) + "' ;;\n";
    script +=
        "    '" + std::string(command->name) + " '*) options='" + option_words(*command) + "' ;;\n";
  }
  return script +
         "  esac\n"
         "  case $word in\n"
         "    -*)\n"
         "      COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "      [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace ;;\n"
         "    *)\n"
         "      if [ \"${COMP_WORDS[1]}\" = help ]; then\n"
         "        COMPREPLY=($(compgen -W '" +
         command_words() +
         "' -- \"$word\"))\n"
         "      elif [ \"${COMP_WORDS[1]} $COMP_CWORD\" = 'component 2' ]; then\n"
         "        COMPREPLY=($(compgen -W '" +
         tool_words(kComponentCommand) +
         "' -- \"$word\"))\n"
         "      elif [ \"${COMP_WORDS[1]}\" = completion ]; then\n"
         "        COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$word\"))\n"
         "      else\n"
         "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "      fi ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _skiff skiff\n";
}

// Doubles single quotes as the shell at hand wants them, within '...'.
std::string quote(std::string_view text, std::string_view replacement) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += replacement;
    else
      out += c;
  }
  return out;
}

// Text of an _arguments specification, where brackets and colons are special.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : quote(text, "'\\''")) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_script() {
  std::string script =
      "#compdef skiff\n"
      "# zsh completion for skiff; put it as _skiff into a folder of $fpath\n"
      "_skiff() {\n"
      "  local -a commands=(\n";
  for (const CommandSpec* command : all_commands()) {
    script += "    '" + std::string(command->name) + ":" + quote(command->summary, "'\\''") + "'\n";
  }
  script +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const CommandSpec* command : all_commands()) {
    script +=
        "    " + std::string(command->name) + ")\n      _arguments '--help[explain the command]'";
    for (const OptionSpec& option : command->options) {
      script += " \\\n        '" + std::string(option.repeats ? "*" : "") + "--" +
                std::string(option.name) + (option.value.empty() ? "" : "=") + "[" +
                zsh_text(option.help) + "]" +
                (option.value.empty() ? "" : ":" + zsh_text(option.value) + ":_files") + "'";
    }
    if (command == &kHelpCommand)
      script += " \\\n        '1:command:(" + command_words() + ")' ;;\n";
    else if (!command->tools.empty())
      script += " \\\n        '1:tool:(" + tool_words(*command) + ")' '*:file:_files' ;;\n";
    else if (command == &kCompletionCommand)
      script += " \\\n        '1:shell:(bash zsh fish)' ;;\n";
    else
      script += " \\\n        '*:file:_files' ;;\n";
  }
  return script + "  esac\n}\n_skiff \"$@\"\n";
}

std::string fish_script() {
  std::string script = "# fish completion for skiff; load with: skiff completion fish | source\n";
  for (const CommandSpec* command : all_commands()) {
    const std::string name(command->name);
    script += "complete -c skiff -n __fish_use_subcommand -f -a " + name + " -d '" +
              quote(command->summary, "\\'") + "'\n";
    for (const OptionSpec& option : command->options) {
      script += "complete -c skiff -n '__fish_seen_subcommand_from " + name + "' -l " +
                std::string(option.name);
      if (option.letter) script += " -s " + std::string(1, option.letter);
      if (!option.value.empty()) script += " -r";
      script += " -d '" + quote(option.help, "\\'") + "'\n";
    }
  }
  script += "complete -c skiff -n '__fish_seen_subcommand_from component' -f -a '" +
            tool_words(kComponentCommand) + "'\n";
  return script + "complete -c skiff -n '__fish_seen_subcommand_from help' -f -a '" +
         command_words() +
         "'\n"
         "complete -c skiff -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
}

int run_completion(const Arguments& args) {
  const std::string_view shell = args.operands()[0];
  std::string script;
  if (shell == "bash")
    script = bash_script();
  else if (shell == "zsh")
    script = zsh_script();
  else if (shell == "fish")
    script = fish_script();
  else
    return report_error("unknown shell '" + std::string(shell) + "'; known: bash, zsh, fish"),
           kExitUsage;
  return print(script) ? kExitOk : kExitFailure;
}

}  // namespace

const CommandSpec kCompletionCommand = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "print a completion script for a shell",
    .details = "",
    .options = {},
    .run = run_completion,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
