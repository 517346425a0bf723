// Granting: parsing of the options and opening of what they name.
#include "runtime/cli/grants.h"

#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"
#if SKIFF_HTTP_CLIENT
#include "wasi/http_client/http_client.h"
#endif

namespace skiff::cli {
namespace {

// --dir HOST[::GUEST][::ro]
struct DirGrant {
  std::string host;
  std::string guest;
  wasi::Access access = wasi::Access::ReadWrite;
};

std::optional<DirGrant> parse_dir(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t end = 0; end != std::string_view::npos;) {
    end = text.find("::");
    parts.emplace_back(text.substr(0, end));
    if (end != std::string_view::npos) text.remove_prefix(end + 2);
  }
  DirGrant grant;
  if (parts.size() > 1 && parts.back() == "ro") {
    grant.access = wasi::Access::ReadOnly;
    parts.pop_back();
  }
  if (parts.size() > 2 || parts[0].empty() || parts.back().empty()) return std::nullopt;
  grant.host = parts[0];
  grant.guest = parts.back();
  return grant;
}

std::optional<int> grant_http(const Arguments& args, wasi::Ctx& ctx) {
  for (const std::string_view rule : args.values("allow-http")) {
    if (rule == "all") {
      ctx.http.allow_all();
    } else if (!ctx.http.allow(rule)) {
      return report_error("--allow-http: '" + std::string(rule) +
                          "' is not of the form SCHEME://HOST[:PORT], for example https://example.com"),
             kExitUsage;
    }
  }
  ctx.http.on_refused = [](std::string_view grant) { report_note(std::string(grant)); };
  if (!ctx.http.allows_any()) return std::nullopt;
#if SKIFF_HTTP_CLIENT
  if (const auto made = wasi::add_http_client(ctx); !made)
    return report_error("--allow-http: " + std::string(wasi::name_of(made.error()))), kExitFailure;
  return std::nullopt;
#else
  return report_error("--allow-http: this build has no HTTP client"), kExitUsage;
#endif
}

std::optional<int> grant_network(const Arguments& args, wasi::Ctx& ctx) {
  for (const std::string_view rule : args.values("allow-net")) {
    if (rule == "all") {
      ctx.network.allow_all();
    } else if (!ctx.network.allow_connect(rule)) {
      return report_error("--allow-net: '" + std::string(rule) +
                          "' is not of the form HOST:PORT, for example example.com:443"),
             kExitUsage;
    }
  }
  for (const std::string_view rule : args.values("allow-listen")) {
    if (!ctx.network.allow_bind(rule)) {
      return report_error("--allow-listen: '" + std::string(rule) +
                          "' is not of the form ADDRESS:PORT, for example 127.0.0.1:8080"),
             kExitUsage;
    }
  }
  if (ctx.network.allows_lookup()) ctx.resolver = std::make_unique<wasi::NameResolver>();
  ctx.network.on_refused = [](std::string_view grant) { report_note(std::string(grant)); };
  return grant_http(args, ctx);
}

}  // namespace

std::optional<int> grant_all(const Arguments& args, const std::string& name, wasi::Ctx& ctx) {
  ctx.inherit_stdio();
  ctx.grant_clocks();
  ctx.grant_random();
  const std::string base = name.substr(name.rfind('/') + 1);
  ctx.args.emplace_back(args.value("argv0").value_or(base));
  for (const std::string_view arg : args.operands().subspan(1)) ctx.args.emplace_back(arg);
  if (args.has("inherit-env")) ctx.inherit_env();
  for (const std::string_view variable : args.values("env")) {
    if (variable.find('=') == 0 || variable.find('=') == std::string_view::npos) {
      return report_error("--env: '" + std::string(variable) + "' is not of the form NAME=VALUE"),
             kExitUsage;
    }
    // Later ones win over earlier ones and over inherited ones.
    const std::string_view prefix = variable.substr(0, variable.find('=') + 1);
    std::erase_if(ctx.env, [&](const std::string& known) { return known.starts_with(prefix); });
    ctx.env.emplace_back(variable);
  }
  for (const std::string_view text : args.values("dir")) {
    auto grant = parse_dir(text);
    if (!grant) {
      return report_error("--dir: '" + std::string(text) +
                          "' is not of the form HOST[::GUEST][::ro]"),
             kExitUsage;
    }
    if (const auto opened = ctx.preopen(grant->host, std::move(grant->guest), grant->access);
        !opened) {
      report_error("--dir: cannot open directory '" + grant->host +
                   "': " + std::string(wasi::name_of(opened.error())));
      return kExitFailure;
    }
  }
  return grant_network(args, ctx);
}

}  // namespace skiff::cli
