// The parser of command lines, and the search for what a user may have meant.
#include "runtime/cli/args.h"

#include <algorithm>

namespace skiff::cli {

Arguments::Arguments(const CommandSpec& command, std::span<char* const> args) : command_(&command) {
  parse(args);
  if (!help_ && error_.empty()) check_counts();
}

void Arguments::fail(std::string message) {
  if (error_.empty()) error_ = std::move(message);
}

void Arguments::parse(std::span<char* const> args) {
  bool options = true;
  for (size_t i = 0; i < args.size() && error_.empty();) {
    const std::string_view arg = args[i];
    if (!options || arg.size() < 2 || arg[0] != '-') {
      operands_.push_back(arg);
      if (command_->stops_at_operand) options = false;
      ++i;
    } else if (arg == "--") {
      options = false;
      ++i;
    } else if (arg == "--help" || arg == "-h") {
      help_ = true;
      return;
    } else {
      i = arg[1] == '-' ? parse_long(args, i) : parse_short(args, i);
    }
  }
}

size_t Arguments::parse_long(std::span<char* const> args, size_t i) {
  std::string_view name = std::string_view(args[i]).substr(2);
  const size_t equals = name.find('=');
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : name.substr(equals + 1);
  name = name.substr(0, equals);
  for (const OptionSpec& spec : command_->options) {
    if (spec.name != name) continue;
    if (equals == std::string_view::npos) return take_value(spec, args, i);
    if (spec.value.empty()) fail("option '--" + std::string(name) + "' takes no value");
    given_.emplace_back(&spec, value);
    return i + 1;
  }
  std::vector<std::string_view> names;
  for (const OptionSpec& spec : command_->options) names.push_back(spec.name);
  std::string message = "unknown option '--" + std::string(name) + "'";
  const std::string_view close = nearest(name, names);
  if (!close.empty()) message += "; did you mean '--" + std::string(close) + "'?";
  fail(std::move(message));
  return i + 1;
}

size_t Arguments::parse_short(std::span<char* const> args, size_t i) {
  const std::string_view arg = args[i];
  for (const OptionSpec& spec : command_->options) {
    if (spec.letter != arg[1]) continue;
    if (arg.size() == 2) return take_value(spec, args, i);
    if (spec.value.empty()) {
      fail("option '-" + std::string(1, spec.letter) + "' takes no value");
    } else {
      given_.emplace_back(&spec, arg.substr(2));
    }
    return i + 1;
  }
  fail("unknown option '" + std::string(arg.substr(0, 2)) + "'");
  return i + 1;
}

size_t Arguments::take_value(const OptionSpec& spec, std::span<char* const> args, size_t i) {
  if (spec.value.empty()) {
    given_.emplace_back(&spec, std::string_view());
    return i + 1;
  }
  if (i + 1 == args.size()) {
    fail("option '" + std::string(args[i]) + "' needs a value (" + std::string(spec.value) + ")");
    return i + 1;
  }
  given_.emplace_back(&spec, args[i + 1]);
  return i + 2;
}

void Arguments::check_counts() {
  for (const OptionSpec& spec : command_->options) {
    const auto count = std::count_if(given_.begin(), given_.end(),
                                     [&](const auto& g) { return g.first == &spec; });
    if (count > 1 && !spec.repeats)
      fail("option '--" + std::string(spec.name) + "' is given more than once");
  }
  if (operands_.size() < command_->min_operands)
    fail("missing operand: " + std::string(command_->operands));
  if (operands_.size() > command_->max_operands) {
    fail("unexpected argument '" + std::string(operands_[command_->max_operands]) + "'");
  }
}

std::optional<std::string_view> Arguments::value(std::string_view option) const {
  std::optional<std::string_view> found;
  for (const auto& [spec, value] : given_)
    if (spec->name == option) found = value;
  return found;
}

std::vector<std::string_view> Arguments::values(std::string_view option) const {
  std::vector<std::string_view> found;
  for (const auto& [spec, value] : given_)
    if (spec->name == option) found.push_back(value);
  return found;
}

namespace {

// Levenshtein distance, with transpositions.
size_t edit_distance(std::string_view a, std::string_view b) {
  // Of the two rows before this one; neighbours that changed places are one edit.
  std::vector<size_t> above(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = std::min(next[j], above[j - 2] + 1);
    }
    std::swap(above, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestWord = 64;  // nobody misspells longer ones
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const bool extends = word.size() >= 2 && candidate.starts_with(word);
    const size_t distance = extends ? 1 : edit_distance(word, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace skiff::cli
