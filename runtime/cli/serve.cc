// `skiff serve`: an HTTP server of components.
#include <csignal>
#include <ctime>

#include "runtime/cache/stores.h"
#include "runtime/cli/cache_options.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"
#include "runtime/config.h"
#include "runtime/host/app_set.h"
#include "runtime/host/grants.h"
#include "runtime/host/host_file.h"
#include "runtime/host/server.h"

namespace skiff::cli {
namespace {

using Seconds = std::chrono::seconds;

// What the options come to.
struct Settings {
  RuntimeConfig runtime;
  host::ServerConfig server;
  host::AppLimits limits;
  std::chrono::nanoseconds grace = Seconds(30);
};

int wrong(std::string_view option, std::string_view why) {
  report_error("--" + std::string(option) + ": " + std::string(why));
  return kExitUsage;
}

std::optional<int> read_runtime(const Arguments& args, RuntimeConfig& config) {
  for (const std::string_view name :
       {"features", "tier", "max-memory", "max-table-elements", "max-instances", "stack-size"}) {
    const auto value = args.value(name);
    if (!value) continue;
    if (const Status set = set_option(config, name, *value); !set) return wrong(name, set.error().message());
  }
  config.engine.tunables.interruptible = true;
  return std::nullopt;
}

std::optional<int> read_limits(const Arguments& args, Settings& s) {
  const auto number = [&](std::string_view name, auto& to, uint64_t most, bool size) -> std::optional<int> {
    const auto value = args.value(name);
    if (!value) return std::nullopt;
    const Result<uint64_t> n = size ? parse_size(*value) : parse_number(*value);
    if (!n) return wrong(name, n.error().message());
    if (*n == 0 || *n > most) return wrong(name, "must be from 1 to " + std::to_string(most));
    to = static_cast<std::remove_reference_t<decltype(to)>>(*n);
    return std::nullopt;
  };
  const auto duration = [&](std::string_view name, auto& to) -> std::optional<int> {
    const auto value = args.value(name);
    if (!value) return std::nullopt;
    const auto d = parse_duration(*value);
    if (!d) return wrong(name, d.error().message());
    to = std::chrono::duration_cast<std::remove_reference_t<decltype(to)>>(*d);
    return std::nullopt;
  };
  host::ConnectionLimits& c = s.server.limits;
  for (const auto& bad :
       {number("threads", s.server.threads, 1024, false), number("max-connections", s.server.max_connections, 1 << 24, false),
        number("max-concurrent", s.limits.concurrent, 1 << 24, false),
        number("max-body", c.http.body_bytes, ~uint64_t{0}, true),
        number("max-head", c.http.head_bytes, 16 << 20, true), duration("timeout", s.limits.wall),
        duration("cpu-limit", s.limits.cpu), duration("idle-timeout", c.idle), duration("head-timeout", c.head),
        duration("body-timeout", c.body), duration("write-timeout", c.write), duration("grace", s.grace)})
    if (bad) return bad;
  s.limits.store = s.runtime.limits;
  return std::nullopt;
}

std::optional<int> read_addresses(const Arguments& args, Settings& s) {
  std::shared_ptr<host::TlsContext> tls;
  const auto certificate = args.value("tls-cert");
  const auto key = args.value("tls-key");
  if (certificate.has_value() != key.has_value()) return wrong("tls-cert", "needs --tls-key, and the other way round");
  if (certificate) {
    auto made = host::make_tls_context(std::string(*certificate), std::string(*key));
    if (!made) return report_error(made.error()), kExitFailure;
    tls = std::move(*made);
  }
  std::vector<std::string_view> places = args.values("addr");
  if (places.empty()) places.push_back("127.0.0.1:8080");
  for (const std::string_view place : places) {
    const auto address = host::parse_address(place);
    if (!address) return wrong("addr", "'" + std::string(place) + "' is not of the form ADDRESS:PORT");
    s.server.listen.push_back({*address, tls});
  }
  if (const auto place = args.value("admin")) {
    s.server.admin = host::parse_address(*place);
    if (!s.server.admin) return wrong("admin", "'" + std::string(*place) + "' is not of the form ADDRESS:PORT");
  }
  return std::nullopt;
}

std::optional<int> read_grants(const Arguments& args, host::Grants& grants) {
  if (args.has("inherit-env")) grants.inherit_env();
  for (const std::string_view option : {"env", "dir", "allow-net", "allow-listen", "allow-http"})
    for (const std::string_view text : args.values(option))
      if (const auto added = host::add_grant(grants, option, text); !added) return wrong(option, added.error());
  return std::nullopt;
}

// Signals that the server answers; every thread has them blocked, so that they wait for this one.
sigset_t server_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// The next one; 0 when there is none for so long.
int wait_for_signal(const sigset_t& set, std::chrono::milliseconds longest) {
  const timespec time = {longest.count() / 1000, longest.count() % 1000 * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

void announce(const host::Server& server, const Settings& s, host::Log& log) {
  for (size_t i = 0; i < server.addresses().size(); ++i)
    log.note(std::string("listening on ") + (s.server.listen[i].tls ? "https://" : "http://") +
             server.addresses()[i].text());
  if (server.admin_address()) log.note("admin on http://" + server.admin_address()->text());
}

// The command from its options to its end.
class Serve {
 public:
  explicit Serve(const Arguments& args) : args_(args), log_(STDERR_FILENO, args.has("json")) {}

  int run() {
    if (const auto bad = read_runtime(args_, s_.runtime)) return *bad;
    cache_ = cache_options(args_);
    if (!cache_) return kExitUsage;
    std::expected<host::RoutesPtr, int> routes = args_.has("config") ? many() : one();
    if (!routes) return routes.error();
    auto started = host::Server::start(s_.server, std::move(*routes), log_);
    if (!started) return report_error(started.error()), kExitFailure;
    announce(**started, s_, log_);
    return serve(**started);
  }

 private:
  // One application from the command line.
  std::expected<host::RoutesPtr, int> one() {
    if (args_.operands().empty()) {
      report_error("FILE is missing, or --config\nTry 'skiff help serve'.");
      return std::unexpected(kExitUsage);
    }
    if (const auto bad = read_limits(args_, s_)) return std::unexpected(*bad);
    if (const auto bad = read_addresses(args_, s_)) return std::unexpected(*bad);
    if (const auto bad = open_log(std::string(args_.value("access-log").value_or("")))) return std::unexpected(*bad);
    const std::string path(args_.operands()[0]);
    const std::string base = path.substr(path.rfind('/') + 1);
    auto grants = std::make_shared<host::Grants>();
    if (const auto bad = read_grants(args_, *grants)) return std::unexpected(*bad);
    const auto app = std::make_shared<host::App>(
        spec_of(base.substr(0, base.rfind('.')), path, s_.limits, std::move(grants)), loader_);
    if (const Status loaded = app->load_now(); !loaded) {
      report_error(path + ": " + loaded.error().message());
      return std::unexpected(kExitFailure);
    }
    auto routes = std::make_shared<host::Routes>();
    routes->add("*", "/", app);
    return routes;
  }

  // Those of a configuration file.
  std::expected<host::RoutesPtr, int> many() {
    if (!args_.operands().empty()) return std::unexpected(wrong("config", "and FILE exclude each other"));
    if (const auto bad = read_limits(args_, s_)) return std::unexpected(*bad);
    const auto file = host::read_host_file(std::string(*args_.value("config")), s_.limits);
    if (!file) {
      report_error(file.error());
      return std::unexpected(kExitUsage);
    }
    s_.server = file->server;
    if (const auto bad = listen_as(*file)) return std::unexpected(*bad);
    if (const auto bad = open_log(file->access_log)) return std::unexpected(*bad);
    apps_.emplace(loader_, [this](const host::HostApp& app) { return spec_of(app); });
    auto routes = apps_->build(*file);
    if (!routes) {
      report_error(routes.error());
      return std::unexpected(kExitFailure);
    }
    return std::move(*routes);
  }

  std::optional<int> listen_as(const host::HostFile& file) {
    std::shared_ptr<host::TlsContext> tls;
    if (!file.tls_cert.empty() || !file.tls_key.empty()) {
      auto made = host::make_tls_context(file.tls_cert, file.tls_key);
      if (!made) return report_error(made.error()), kExitFailure;
      tls = std::move(*made);
    }
    for (const std::string& place : file.listen.empty() ? std::vector<std::string>{"127.0.0.1:8080"} : file.listen) {
      const auto address = host::parse_address(place);
      if (!address) return report_error("listen: '" + place + "' is not of the form ADDRESS:PORT"), kExitUsage;
      s_.server.listen.push_back({*address, tls});
    }
    if (file.admin.empty()) return std::nullopt;
    s_.server.admin = host::parse_address(file.admin);
    if (!s_.server.admin) return report_error("admin: '" + file.admin + "' is not of the form ADDRESS:PORT"), kExitUsage;
    return std::nullopt;
  }

  std::optional<int> open_log(const std::string& path) {
    access_log_ = path;
    if (path.empty()) return std::nullopt;
    if (const auto done = log_.open_access(path); !done) return report_error(done.error()), kExitFailure;
    return std::nullopt;
  }

  host::AppSpec spec_of(const std::string& name, const std::string& path, const host::AppLimits& limits,
                        std::shared_ptr<host::Grants> grants) {
    host::AppSpec spec{.name = name, .engine = s_.runtime.engine, .limits = limits};
    const std::string base = path.substr(path.rfind('/') + 1);
    grants->set_args({base});
    grants->on_refused([this, name](std::string_view grant) { log_.error(name, grant); });
    spec.read = [path](const Features& features) { return host::read_component(path, features); };
    spec.make_tier = [this, base] {
      TierOptions options{.notes = cache_->notes};
      if (s_.runtime.tier->compiles && cache_->cache)
        options.store = make_cache_store(cache_->cache, base, cache_->notes);
      return s_.runtime.tier->make(options);
    };
    spec.grant = [grants]() -> std::expected<std::unique_ptr<wasi::Ctx>, std::string> { return grants->make(); };
    return spec;
  }

  std::expected<host::AppSpec, std::string> spec_of(const host::HostApp& app) {
    auto grants = std::make_shared<host::Grants>();
    if (app.inherit_env) grants->inherit_env();
    for (const auto& [option, text] : app.grants)
      if (auto added = host::add_grant(*grants, option, text); !added)
        return std::unexpected(option + ": " + added.error());
    return spec_of(app.name, app.component, app.limits, std::move(grants));
  }

  // SIGHUP: certificates, log, applications. What is no good stays as it was.
  void reload(host::Server& server) {
    for (const host::ListenSpec& listen : s_.server.listen) {
      if (!listen.tls) continue;
      if (const auto done = listen.tls->reload(); !done) log_.error({}, done.error());
    }
    if (!access_log_.empty())
      if (const auto done = log_.open_access(access_log_); !done) log_.error({}, done.error());
    if (!apps_) return log_.note("reloaded");
    const auto file = host::read_host_file(std::string(*args_.value("config")), s_.limits);
    const auto routes = file ? apps_->build(*file) : std::unexpected(file.error());
    if (!routes) return log_.error({}, "not reloaded, everything stays as it was: " + routes.error());
    server.set_routes(*routes);
    apps_->retire_replaced();
    log_.note("reloaded");
  }

  // Until it is told to end; then what is under way is finished, within the grace.
  int serve(host::Server& server) {
    const sigset_t signals = server_signals();
    for (;;) {
      const int signal = wait_for_signal(signals, std::chrono::milliseconds(1000));
      server.tidy();
      if (signal == SIGHUP) reload(server);
      if (signal == SIGTERM || signal == SIGINT) break;
    }
    log_.note("finishing what is under way");
    server.drain();
    const auto deadline = std::chrono::steady_clock::now() + s_.grace;
    while (!server.drained() && std::chrono::steady_clock::now() < deadline)
      if (wait_for_signal(signals, std::chrono::milliseconds(20)) != 0) break;
    if (!server.stop(std::chrono::milliseconds(2000))) {
      log_.flush();
      std::fflush(nullptr);
      ::_exit(kExitFailure);
    }
    return kExitOk;
  }

  const Arguments& args_;
  host::Log log_;
  Settings s_;
  std::optional<CacheOptions> cache_;
  host::AppLoader loader_;
  std::optional<host::AppSet> apps_;
  std::string access_log_;
};

int run_serve(const Arguments& args) {
  // Before there are other threads, which inherit it.
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = server_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return Serve(args).run();
}

constexpr OptionSpec kOptions[] = {
    {.name = "config", .letter = 'c', .value = "FILE", .help = "many applications, as FILE (TOML) has it; see docs/serve.md"},
    {.name = "addr", .value = "ADDRESS:PORT", .help = "listen there (127.0.0.1:8080); port 0: any", .repeats = true},
    {.name = "tls-cert", .value = "FILE", .help = "speak TLS, with this certificate chain (PEM)"},
    {.name = "tls-key", .value = "FILE", .help = "and this key"},
    {.name = "admin", .value = "ADDRESS:PORT", .help = "/metrics, /healthz and /readyz there"},
    {.name = "access-log", .value = "FILE", .help = "a line for each request; '-' is standard output"},
    {.name = "json", .help = "log lines are JSON"},
    {.name = "threads", .value = "N", .help = "threads that serve (one for each core)"},
    {.name = "dir", .value = "HOST[::GUEST][::ro]", .help = "grant a directory, under another name, read-only", .repeats = true},
    {.name = "env", .value = "NAME=VALUE", .help = "set an environment variable", .repeats = true},
    {.name = "inherit-env", .help = "grant the whole environment"},
    {.name = "allow-net", .value = "HOST:PORT", .help = "may connect there (HOST may be *, PORT a range); or 'all'", .repeats = true},
    {.name = "allow-listen", .value = "ADDRESS:PORT", .help = "may listen there", .repeats = true},
    {.name = "allow-http", .value = "SCHEME://HOST[:PORT]", .help = "may send requests there; or 'all'", .repeats = true},
    {.name = "timeout", .value = "DURATION", .help = "of one request, until its guest has ended (60s)"},
    {.name = "cpu-limit", .value = "DURATION", .help = "that the guest of one request may compute (10s)"},
    {.name = "max-concurrent", .value = "N", .help = "requests at a time (4096); more get 503"},
    {.name = "max-connections", .value = "N", .help = "open connections (65536); more get 503"},
    {.name = "max-body", .value = "SIZE", .help = "of a request's body (1G); more gets 413"},
    {.name = "max-head", .value = "SIZE", .help = "of a request's head (64K); more gets 431"},
    {.name = "max-memory", .value = "SIZE", .help = "limit of all linear memories of one request"},
    {.name = "max-table-elements", .value = "N", .help = "limit of all tables of one request"},
    {.name = "max-instances", .value = "N", .help = "limit of module instances of one request"},
    {.name = "stack-size", .value = "SIZE", .help = "bytes of wasm stack, at most 1M"},
    {.name = "idle-timeout", .value = "DURATION", .help = "of connections without a request (60s)"},
    {.name = "head-timeout", .value = "DURATION", .help = "for a request's head (10s)"},
    {.name = "body-timeout", .value = "DURATION", .help = "between parts of a request's body (30s)"},
    {.name = "write-timeout", .value = "DURATION", .help = "of clients that do not take their answer (30s)"},
    {.name = "grace", .value = "DURATION", .help = "for requests under way when the server is to end (30s)"},
    {.name = "tier", .value = "NAME", .help = "tier that executes (auto; all of them: skiff version --json)"},
    {.name = "features", .value = "LIST", .help = "switch proposals on or off, e.g. -simd,+legacy-exceptions"},
    {.name = "no-cache", .help = "neither use nor fill the cache of compiled code"},
    {.name = "cache-dir", .value = "DIR", .help = "where compiled code is kept ('skiff cache path')"},
    {.name = "cache-size", .value = "SIZE", .help = "limit of the cache (1G)"},
    {.name = "verbose", .letter = 'v', .help = "say what the cache does"},
};

}  // namespace

const CommandSpec kServeCommand = {
    .name = "serve",
    .operands = "[FILE]",
    .summary = "serve HTTP with components",
    .details = "FILE is a component that exports wasi:http/incoming-handler (the world wasi:http/proxy). Each request\n"
               "gets a fresh instance of it, in a sandbox of its own, with clocks, random numbers and what is\n"
               "granted; what it writes to its standard streams becomes lines on standard error.\n"
               "\n"
               "HTTP/1.1 and HTTP/2. SIGTERM and SIGINT end the server when it has answered what is under way,\n"
               "SIGHUP makes it read certificate and configuration again and reopen its log.\n",
    .options = kOptions,
    .run = run_serve,
    .max_operands = 1,
};

}  // namespace skiff::cli
