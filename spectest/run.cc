// Files, features and engines: what surrounds the runner.
#include "spectest/run.h"

#include <cstdio>
#include <memory>

#include "engine/text/text.h"
#include "spectest/modules.h"
#include "spectest/runner.h"
#include "spectest/script.h"

namespace skiff::spectest {
namespace {

struct CloseFile {
  void operator()(FILE* f) const { std::fclose(f); }
};

std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) return std::nullopt;
  std::string content;
  char buffer[1 << 16];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, file.get()))
    content.append(buffer, n);
  if (std::ferror(file.get())) return std::nullopt;
  return content;
}

FileResult failed(FileResult result, uint32_t line, std::string command, std::string message) {
  result.failed++;
  result.findings.push_back({line, std::move(command), std::move(message)});
  return result;
}

// Modules that the script expects to be good.
bool has_good_module(const Command& command) {
  switch (command.kind) {
    case Command::Kind::Module:
    case Command::Kind::Component:
    case Command::Kind::AssertUnlinkable:
    case Command::Kind::AssertTrap:
      return command.source.has_value() || command.component.has_value();
    default:
      return false;
  }
}

void run_roundtrips(const Script& script, const std::vector<Command>& commands, Features features,
                    FileResult& result) {
  for (const Command& command : commands) {
    if (command.kind == Command::Kind::Thread)
      run_roundtrips(script, command.commands, features, result);
    if (!has_good_module(command)) continue;
    const Status status = command.component ? check_roundtrip(script, *command.component, features)
                                            : check_roundtrip(script, *command.source, features);
    if (status) {
      result.passed++;
      continue;
    }
    const uint32_t line = line_column(script.source, command.offset).line;
    result = failed(std::move(result), line, "roundtrip", status.error().message());
  }
}

void visit_modules(const Script& script, const std::vector<Command>& commands, Features features,
                   const RunOptions& options, FileResult& result) {
  for (const Command& command : commands) {
    if (command.kind == Command::Kind::Thread)
      visit_modules(script, command.commands, features, options, result);
    // Good modules too, as far as the engine is concerned; but the suite need not think so.
    const bool maybe = command.kind == Command::Kind::AssertInvalidCustom ||
                       command.kind == Command::Kind::AssertMalformedCustom;
    if (!maybe && !has_good_module(command)) continue;
    if (!command.source) continue;
    const auto binary = module_binary(script, *command.source, features);
    const Status status = binary ? options.each_module(*binary, features)
                                 : Status(std::unexpected(binary.error()));
    if (status || maybe) {
      result.passed++;
      continue;
    }
    const uint32_t line = line_column(script.source, command.offset).line;
    result = failed(std::move(result), line, "module", status.error().message());
  }
}

}  // namespace

FileResult run_file(const std::string& path, const RunOptions& options) {
  FileResult result{.path = path};
  if (options.skips) {
    if (const auto reason = options.skips->reason(path, options.tier)) {
      result.skipped = 1;
      result.skip_reason = *reason;
      return result;
    }
  }
  std::optional<std::string> source = read_file(path);
  if (!source) return failed(std::move(result), 0, "read", "cannot read file");
  return run_script(path, std::move(*source), options);
}

FileResult run_script(const std::string& path, std::string source, const RunOptions& options) {
  FileResult result{.path = path};
  EngineConfig config{.features = features_of(path), .tunables = options.tunables};
  if (const Status applied = config.features.apply(options.features); !applied) {
    return failed(std::move(result), 0, "features", applied.error().message());
  }
  const std::string text = source;  // for the line of a parse error
  const auto script = parse_script(std::move(source));
  if (!script) {
    const uint64_t offset = script.error().offset;
    const uint32_t line = offset == kNoOffset ? 0 : line_column(text, offset).line;
    return failed(std::move(result), line, "script", script.error().message());
  }
  if (options.roundtrip) {
    run_roundtrips(**script, (*script)->commands, config.features, result);
    return result;
  }
  if (options.each_module) {
    visit_modules(**script, (*script)->commands, config.features, options, result);
    return result;
  }
  Engine engine(config, options.make_tier());
  const ScriptContext context{**script, options, engine};
  auto runner = Runner::create(context);
  if (!runner) return failed(std::move(result), 0, "store", runner.error().message());
  (*runner)->run((*script)->commands);
  FileResult out = std::move((*runner)->result());
  out.path = path;
  return out;
}

}  // namespace skiff::spectest
