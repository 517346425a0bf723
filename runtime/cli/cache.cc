// `skiff cache`: what the cache of compiled code has, and emptying it.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "component/binary/binary.h"
#include "component/exec/component.h"
#include "runtime/cli/cache_options.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"
#include "runtime/config.h"

namespace skiff::cli {
namespace {

// Of the processes that add to a cache in the background, one at a time: they are not to load the machine.
class OnlyOne {
 public:
  explicit OnlyOne(const std::string& directory)
      : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        got_it_(fd_ < 0 || ::flock(fd_, LOCK_EX | LOCK_NB) == 0) {}
  ~OnlyOne() {
    if (fd_ >= 0) ::close(fd_);
  }
  OnlyOne(const OnlyOne&) = delete;
  bool got_it() const { return got_it_; }

 private:
  const int fd_;
  const bool got_it_;
};

std::string size_text(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGT";
  double n = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; n >= 1000 && unit + 1 < kUnits.size(); ++unit) n /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, n < 10 ? "%.1f%c" : "%.0f%c", n, kUnits[unit]);
  return text;
}

// Since then, in one unit.
std::string age_text(const timespec& then) {
  const auto seconds = std::max<int64_t>(0, ::time(nullptr) - then.tv_sec);
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < kMinute) return std::to_string(seconds) + "s";
  if (seconds < kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < kDay) return std::to_string(seconds / kHour) + "h";
  return std::to_string(seconds / kDay) + "d";
}

bool print_list(const CodeCache& cache, const std::vector<CacheEntry>& entries) {
  uint64_t total = 0;
  std::string text;
  for (const CacheEntry& entry : entries) {
    total += entry.bytes;
    char line[64];
    std::snprintf(line, sizeof line, "%8s  %5s  ", size_text(entry.bytes).c_str(),
                  age_text(entry.used).c_str());
    text +=
        line + (entry.name.empty() ? "(unreadable) " + entry.file : printable(entry.name)) + "\n";
  }
  if (!entries.empty()) text = "    size   used  module\n" + text;
  text += size_text(total) + " in " + std::to_string(entries.size()) + " entries in " +
          cache.directory() + "\n";
  return print(text);
}

bool print_json_list(const CodeCache& cache, const std::vector<CacheEntry>& entries) {
  Json document{{"directory", cache.directory()}, {"entries", Json::array()}};
  uint64_t total = 0;
  for (const CacheEntry& entry : entries) {
    total += entry.bytes;
    document["entries"].push_back({{"file", entry.file},
                                   {"name", entry.name},
                                   {"bytes", entry.bytes},
                                   {"made", entry.made.tv_sec},
                                   {"used", entry.used.tv_sec}});
  }
  document["bytes"] = total;
  return print_json(document);
}

// A core module, or the core modules of a component.
Status compile_either(Engine& engine, const SharedBytes& binary) {
  if (component::is_component(binary.bytes)) {
    SKIFF_TRY(component::compile_component(engine, binary));
  } else {
    SKIFF_TRY(compile_module(engine, binary));
  }
  return {};
}

// `skiff cache add FILE...`: as running them would, but for the running.
int add_modules(const Arguments& args, const CacheOptions& cache) {
  RuntimeConfig config;
  if (const auto features = args.value("features")) {
    if (const Status set = set_option(config, "features", *features); !set)
      return report_error("--features: " + set.error().message()), kExitUsage;
  }
  config.engine.tunables.interruptible = args.has("interruptible");
  config.engine.tunables.fuel = args.has("fuel");
  const OnlyOne alone(cache.cache->directory());
  if (args.has("background")) {
    if (!alone.got_it()) return kExitOk;
    (void)::setpriority(PRIO_PROCESS, 0, 19);
  }
  int code = kExitOk;
  for (const std::string_view path : args.operands().subspan(1)) {
    const auto input = read_input(path);
    const auto binary = input ? to_binary(*input, config.engine.features) : std::nullopt;
    if (!binary) {
      code = kExitFailure;
      continue;
    }
    const TierOptions options{.store = make_cache_store(cache.cache, input->name, cache.notes)};
    Engine engine(config.engine, artifact_tier().make(options));
    const Status compiled = compile_either(engine, *binary);
    if (!compiled) {
      report_error(*input, compiled.error(), true);
      code = kExitFailure;
    }
  }
  return code;
}

int run_cache(const Arguments& args) {
  const auto options = cache_options(args);
  if (!options) return kExitUsage;
  const CodeCache& cache = *options->cache;
  const std::string_view what = args.operands().empty() ? "list" : args.operands()[0];
  auto failed = [](const Error& error) { return report_error(error.detail), kExitFailure; };
  if (what == "path") {
    if (cache.directory().empty())
      return report_error("no cache folder: neither HOME nor SKIFF_CACHE_DIR is set"), kExitFailure;
    return print(cache.directory() + "\n") ? kExitOk : kExitFailure;
  }
  if (what == "clear") {
    const auto removed = cache.clear();
    if (!removed) return failed(removed.error());
    return print("removed " + std::to_string(*removed) + " entries\n") ? kExitOk : kExitFailure;
  }
  if (what == "add") return add_modules(args, *options);
  if (what != "list")
    return report_error("unknown operand '" + std::string(what) +
                        "'; known: list, add, clear, path"),
           kExitUsage;
  if (args.operands().size() > 1)
    return report_error("too many operands for 'list'"), kExitUsage;
  const auto entries = cache.list();
  if (!entries) return failed(entries.error());
  return (args.has("json") ? print_json_list(cache, *entries) : print_list(cache, *entries))
             ? kExitOk
             : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "cache-dir", .value = "DIR", .help = "the cache's folder"},
    {.name = "cache-size", .value = "SIZE", .help = "limit of the cache (1G)"},
    {.name = "json", .help = "list as JSON; times in seconds since 1970"},
    {.name = "features", .value = "LIST", .help = "add: as 'skiff run' will be told"},
    {.name = "interruptible", .help = "add: for 'skiff run --timeout'"},
    {.name = "fuel", .help = "add: for 'skiff run --fuel'"},
    {.name = "background", .help = "add: at lowest priority, and only if no other process does"},
    {.name = "verbose", .letter = 'v', .help = "add: say what happens"},
};

}  // namespace

std::optional<CacheOptions> cache_options(const Arguments& args) {
  CacheOptions options;
  uint64_t limit = kDefaultCacheBytes;
  if (const auto text = args.value("cache-size")) {
    const auto size = parse_size(*text);
    if (!size) return report_error("--cache-size: " + size.error().message()), std::nullopt;
    limit = *size;
  }
  const auto directory = args.value("cache-dir");
  if (directory && directory->empty())
    return report_error("--cache-dir: the name is empty"), std::nullopt;
  if (!args.has("no-cache")) {
    options.cache = std::make_shared<CodeCache>(
        directory ? std::string(*directory) : default_cache_directory(), limit);
  }
  if (args.has("verbose"))
    options.notes = [](std::string_view text) { report_note(printable(text)); };
  return options;
}

const CommandSpec kCacheCommand = {
    .name = "cache",
    .operands = "[list|clear|path|add FILE...]",
    .summary = "list, fill or empty the cache of compiled code",
    .details =
        "Tiers that compile keep the code of modules that were run, so that it is there next time. "
        "The cache\n"
        "is in $SKIFF_CACHE_DIR, else $XDG_CACHE_HOME/skiff, else ~/.cache/skiff, and is at most 1 "
        "GiB large:\n"
        "what was not used for longest is removed. It may be removed at any time.\n",
    .options = kOptions,
    .run = run_cache,
    .min_operands = 0,
    .max_operands = ~size_t{0},
};

}  // namespace skiff::cli
