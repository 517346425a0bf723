// `skiff run`: a WASI command, or one export of any module.
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "component/binary/binary.h"
#include "component/tools/wave.h"
#include "engine/exec/linker.h"
#include "runtime/cache/stores.h"
#include "runtime/cli/cache_options.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/grants.h"
#include "runtime/cli/input.h"
#include "runtime/cli/invoke.h"
#include "runtime/cli/precompiled.h"
#include "runtime/cli/run_component.h"
#include "runtime/cli/spawn.h"
#include "runtime/cli/watchdog.h"
#include "runtime/config.h"
#include "wasi/p1/p1.h"

namespace skiff::cli {
namespace {

// One program on its way from file to exit code.
class Program {
 public:
  /// `precompiled`: instead of the input's content; null for ordinary modules.
  Program(const Arguments& args, const RuntimeConfig& config, const Input& input,
          const Precompiled* precompiled, const CacheOptions& cache, std::unique_ptr<Tier> tier)
      : args_(args),
        config_(config),
        input_(input),
        precompiled_(precompiled),
        cache_(cache.cache),
        engine_(config.engine, std::move(tier)) {}

  int run() {
    const int code = run_program();
    // Nobody waits for a compiler whose work only the next start would have used: this process ends here.
    if (engine_.tier().busy()) {
      finish_elsewhere();
      leave_now(code);
    }
    return code;
  }

 private:
  int run_program() {
    const auto binary = precompiled_
                            ? SharedBytes{precompiled_->artifact->wasm(), precompiled_->artifact}
                            : to_binary(input_, engine_.features());
    if (!binary) return kExitFailure;
    return component::is_component(binary->bytes) ? run_component(*binary) : run_module(*binary);
  }

  int run_module(const SharedBytes& binary) {
    auto module = compile_module(engine_, binary);
    if (!module) return report_error(input_, module.error(), true), kExitFailure;
    if (!find_entry(**module)) return kExitFailure;
    return with_store([&] {
      Linker linker(*store_);
      wasi::P1::define(linker, ctx_);
      auto instance = linker.instantiate(std::move(*module));
      return instance ? start(**instance) : failed(instance.error());
    });
  }

  int run_component(const SharedBytes& binary) {
    auto compiled = component::compile_component(engine_, binary);
    if (!compiled) return report_error(input_, compiled.error(), true), kExitFailure;
    if (const auto call = args_.value("invoke")) return invoke(std::move(*compiled), *call);
    const auto entry = find_command(**compiled);
    if (!entry) {
      report_error(input_.name + ": this component is no command: it does not export wasi:cli/run@0.2 or 0.3. Call one of "
                   "its functions with --invoke; 'skiff inspect' shows them");
      return kExitFailure;
    }
    return with_store([&] {
      const auto result = call_component(*store_, std::move(*compiled), ctx_, *entry, {});
      if (!result) return failed(result.error());
      return (*result)->case_index() == 0 ? kExitOk : kExitFailure;
    });
  }

  // --invoke 'f(1, "two")', or f with its arguments behind FILE.
  int invoke(component::ComponentPtr component, std::string_view call) {
    const auto split = component::split_wave_call(call);
    const std::string_view name = split ? split->name : call;
    const auto entry = find_function(*component, name);
    if (!entry) return no_function(*component, name);
    std::string arguments(split ? split->arguments : "");
    if (!split) {
      for (const std::string_view arg : args_.operands().subspan(1))
        (arguments += arguments.empty() ? "" : ", ") += arg;
    }
    const auto values = component::parse_wave_arguments(*component->types(), *entry->type, arguments);
    if (!values) return report_error(printable(name) + ": " + values.error().detail), kExitUsage;
    return with_store([&] {
      const auto result = call_component(*store_, component, ctx_, *entry, *values);
      if (!result) return failed(result.error());
      if (!*result) return int{kExitOk};
      return print(component::print_wave(*component->types(), *entry->type->result, **result) + "\n")
                 ? int{kExitOk}
                 : int{kExitFailure};
    });
  }

  int no_function(const component::CompiledComponent& component, std::string_view wanted) {
    std::vector<std::string> names;
    for (const ComponentEntry& entry : exported_functions(component)) names.push_back(entry.text());
    report_missing(wanted, {names.begin(), names.end()});
    return kExitFailure;
  }

  // Makes the store with its limits and grants, runs `guest` in it, and says how it ended.
  template <class F>
  int with_store(F&& guest) {
    auto store = Store::create(engine_, config_.limits);
    if (!store) return fail_with(store.error());
    store_ = std::move(*store);
    if (const auto code = grant_all(args_, input_.name, ctx_)) return *code;
    std::optional<Watchdog> watchdog;
    store_->vm().fuel = config_.fuel.value_or(0);
    if (config_.timeout) watchdog.emplace(*store_, *config_.timeout, input_.name);
    const int code = guest();
    if (args_.has("verbose") && config_.fuel)
      report_note(input_.name + ": " + std::to_string(*config_.fuel - store_->vm().fuel) + " of " +
                  std::to_string(*config_.fuel) + " fuel consumed");
    if (code == kExitTrap && watchdog && watchdog->fired()) return kExitTimeout;
    return code;
  }

  // The compilation that this process was too short for, in one that nobody waits for: the next start shall have the
  // code. It is detached, has no streams, and runs at the lowest priority.
  void finish_elsewhere() {
    if (!cache_ || precompiled_ || !is_file(input_.name)) return;
    std::vector<std::string> words = {"skiff", "cache", "add", "--background", "--cache-dir=" + cache_->directory()};
    if (const auto features = args_.value("features")) words.push_back("--features=" + std::string(*features));
    if (const auto size = args_.value("cache-size")) words.push_back("--cache-size=" + std::string(*size));
    if (config_.engine.tunables.interruptible) words.emplace_back("--interruptible");
    if (config_.engine.tunables.fuel) words.emplace_back("--fuel");
    words.push_back(input_.name);
    spawn_detached(words);
  }

  // Other threads are left where they are, so nothing may be torn down under them.
  [[noreturn]] static void leave_now(int code) {
    std::fflush(nullptr);
    ::_exit(code);
  }

  // What to call: --invoke's function, or _start. Reports when there is none.
  bool find_entry(const CompiledModule& module) {
    const auto wanted = args_.value("invoke");
    entry_ = wanted.value_or("_start");
    std::vector<std::string_view> names;
    for (const Export& e : module.module().exports) {
      if (e.kind != ExternKind::Func) continue;
      if (e.name == entry_) return true;
      names.push_back(e.name);
    }
    if (wanted) return report_missing(*wanted, names), false;
    report_error(input_.name +
                 ": no exported function '_start': this is a library, call one of its functions with "
                 "--invoke" + listed(names));
    return false;
  }

  void report_missing(std::string_view wanted, const std::vector<std::string_view>& names) {
    std::string message = input_.name + ": no exported function '" + printable(wanted) + "'";
    const std::string_view close = nearest(wanted, names);
    if (!close.empty()) message += "; did you mean '" + printable(close) + "'?";
    report_error(message + listed(names));
  }

  static std::string listed(const std::vector<std::string_view>& names) {
    std::string text = names.empty() ? "\nIt exports no functions." : "\nExported functions:";
    constexpr size_t kShown = 50;
    for (size_t i = 0; i < names.size() && i < kShown; ++i) text += "\n  " + printable(names[i]);
    if (names.size() > kShown) text += "\n  ... and " + std::to_string(names.size() - kShown) + " more";
    return text;
  }

  int start(Instance& instance) {
    // A library (reactor) wants to be initialised before anything else is called.
    FuncInst* initialize = instance.find_func("_initialize");
    std::vector<Val> results;
    if (initialize && entry_ != "_initialize" && entry_ != "_start") {
      if (const auto called = store_->call(initialize, {}, results); !called)
        return failed(called.error());
      results.clear();
    }
    FuncInst* func = instance.find_func(entry_);
    const FuncType& type = store_->type_of(func);
    std::vector<Val> values;
    if (args_.has("invoke")) {
      auto parsed = parse_arguments(type, args_.operands().subspan(1));
      if (!parsed)
        return report_error(printable(entry_) + ": " + parsed.error().message()), kExitUsage;
      values = std::move(*parsed);
    }
    const auto called = store_->call(func, values, results);
    if (!called) return failed(called.error());
    std::string text;
    for (const Val& value : results) text += value_text(value, engine_.types()) + "\n";
    return text.empty() || print(text) ? kExitOk : kExitFailure;
  }

  int fail_with(const Error& error) {
    report_error(input_, error, true);
    return kExitFailure;
  }

  int failed(const Failure& failure) {
    switch (failure.kind) {
      case Failure::Kind::Error:
        return fail_with(failure.error);
      case Failure::Kind::Exception:
        report_error(input_.name + " trapped: uncaught exception");
        return kExitTrap;
      case Failure::Kind::Trap:
        break;
    }
    if (failure.trap.code == TrapCode::Exit) return failure.trap.exit_status & 0xFF;
    report_trap(input_, failure.trap);
    return kExitTrap;
  }

  const Arguments& args_;
  const RuntimeConfig& config_;
  const Input& input_;
  const Precompiled* precompiled_;
  const std::shared_ptr<const CodeCache> cache_;
  Engine engine_;
  wasi::Ctx ctx_;
  std::unique_ptr<Store> store_;
  std::string entry_;
};

// --profile and --debugger; reports what is wrong.
std::optional<compiler::CodeListeners> code_listeners(const Arguments& args) {
  compiler::CodeListeners listeners;
  if (const auto kind = args.value("profile")) {
    if (*kind != "perfmap" && *kind != "jitdump")
      return report_error("--profile: unknown kind '" + std::string(*kind) + "'; known: perfmap, jitdump"),
             std::nullopt;
    auto made = *kind == "perfmap" ? compiler::make_perf_map("/tmp") : compiler::make_jitdump(".");
    if (!made) return report_error("--profile: " + made.error().detail), std::nullopt;
    listeners.push_back(std::move(*made));
  }
  if (args.has("debugger")) listeners.push_back(compiler::make_debugger_interface());
  return listeners;
}

std::unique_ptr<Tier> make_tier(const RuntimeConfig& config, const CacheOptions& cache,
                                const compiler::CodeListeners& listeners, const std::string& name) {
  TierOptions options{.notes = cache.notes, .listeners = listeners};
  if (config.tier->compiles && cache.cache) options.store = make_cache_store(cache.cache, name, cache.notes);
  return config.tier->make(options);
}

// The code of an artifact, or, where it cannot be used here, the module in it.
int run_precompiled(const Arguments& args, const RuntimeConfig& config, const CacheOptions& cache,
                    const compiler::CodeListeners& listeners, std::string_view path) {
  const Input input{.name = std::string(path)};
  if (!args.has("allow-precompiled")) {
    report_error(
        input.name +
        ": this is machine code made by 'skiff compile', which the sandbox cannot contain.\n"
        "If you trust whoever made it, say --allow-precompiled.");
    return kExitFailure;
  }
  const bool want_code = !args.has("tier") || config.tier == &artifact_tier();
  const auto precompiled = open_precompiled(input.name, config.engine, want_code);
  if (!precompiled) return kExitFailure;
  if (!precompiled->image) {
    return Program(args, config, input, &*precompiled, cache, make_tier(config, cache, listeners, input.name)).run();
  }
  auto store = make_artifact_store(precompiled->artifact, precompiled->image);
  auto tier = artifact_tier().make({.store = std::move(store), .listeners = listeners});
  return Program(args, config, input, &*precompiled, cache, std::move(tier)).run();
}

int run_run(const Arguments& args) {
  RuntimeConfig config;
  for (const std::string_view name : {"features", "tier", "max-memory", "max-table-elements", "max-instances",
                                     "stack-size", "timeout", "fuel"}) {
    const auto value = args.value(name);
    if (!value) continue;
    if (const Status set = set_option(config, name, *value); !set) {
      return report_error("--" + std::string(name) + ": " + set.error().message()), kExitUsage;
    }
  }
  const auto cache = cache_options(args);
  if (!cache) return kExitUsage;
  const auto listeners = code_listeners(args);
  if (!listeners) return kExitUsage;
  const std::string_view path = args.operands()[0];
  if (is_precompiled(path)) return run_precompiled(args, config, *cache, *listeners, path);
  const auto input = read_input(path);
  if (!input) return kExitFailure;
  return Program(args, config, *input, nullptr, *cache, make_tier(config, *cache, *listeners, input->name)).run();
}

constexpr OptionSpec kOptions[] = {
    {.name = "dir",
     .value = "HOST[::GUEST][::ro]",
     .help = "grant a directory, under another name, read-only",
     .repeats = true},
    {.name = "env", .value = "NAME=VALUE", .help = "set an environment variable", .repeats = true},
    {.name = "inherit-env", .help = "grant the whole environment"},
    {.name = "allow-net",
     .value = "HOST:PORT",
     .help = "components: may connect there (HOST may be *, PORT a range); or 'all'",
     .repeats = true},
    {.name = "allow-listen",
     .value = "ADDRESS:PORT",
     .help = "components: may listen there",
     .repeats = true},
    {.name = "allow-http",
     .value = "SCHEME://HOST[:PORT]",
     .help = "components: may send requests there (HOST may be *); or 'all'",
     .repeats = true},
    {.name = "argv0",
     .value = "NAME",
     .help = "name of the program as it sees it (FILE's last part)"},
    {.name = "invoke", .value = "NAME", .help = "call this export with ARGs and print its results"},
    {.name = "tier",
     .value = "NAME",
     .help = "tier that executes (auto; all of them: skiff version --json)"},
    {.name = "no-cache", .help = "neither use nor fill the cache of compiled code"},
    {.name = "cache-dir",
     .value = "DIR",
     .help = "where compiled code is kept ('skiff cache path')"},
    {.name = "cache-size", .value = "SIZE", .help = "limit of the cache (1G)"},
    {.name = "allow-precompiled",
     .help = "FILE may be the output of 'skiff compile', which is trusted"},
    {.name = "verbose", .letter = 'v', .help = "say what the cache does"},
    {.name = "features",
     .value = "LIST",
     .help = "switch proposals on or off, e.g. -simd,+legacy-exceptions"},
    {.name = "max-memory",
     .value = "SIZE",
     .help = "limit of all linear memories together, e.g. 64M"},
    {.name = "stack-size", .value = "SIZE", .help = "bytes of wasm stack, e.g. 1M"},
    {.name = "profile",
     .value = "KIND",
     .help = "perfmap (/tmp/perf-PID.map) or jitdump (./jit-PID.dump), for perf"},
    {.name = "debugger", .help = "tell GDB and LLDB the names of compiled functions"},
    {.name = "max-table-elements", .value = "N", .help = "limit of all tables together"},
    {.name = "max-instances", .value = "N", .help = "limit of module instances"},
    {.name = "timeout",
     .value = "DURATION",
     .help = "end the program after this time, e.g. 500ms, 10s"},
    {.name = "fuel",
     .value = "N",
     .help = "end the program after about N instructions, always at the same one"},
};

}  // namespace

const CommandSpec kRunCommand = {
    .name = "run",
    .operands = "FILE [ARG]...",
    .summary = "run a module or component",
    .details =
        "FILE is a WASI command (a module of preview 1, or a component of 0.2 or 0.3) in binary or text form;\n"
        "'-' is standard input. It gets "
        "the\n"
        "ARGs, the standard streams, clocks and random numbers, and nothing else that is not "
        "granted.\n"
        "\n"
        "With --invoke any module will do; ARGs are then values of the function's parameter types "
        "and\n"
        "results are printed one per line. Of components, --invoke 'f(1, \"two\", [3, 4])' calls an\n"
        "exported function, and 'store#get(\"key\")' one of an exported interface.\n"
        "\n"
        "The exit status is the program's own; 134 when it trapped, 124 when it ran into "
        "--timeout.\n",
    .options = kOptions,
    .run = run_run,
    .min_operands = 1,
    .max_operands = ~size_t{0},
    .stops_at_operand = true,
};

}  // namespace skiff::cli
