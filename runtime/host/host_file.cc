// Reading TOML by tables of keys.
#include "runtime/host/host_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "runtime/host/grants.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace skiff::host {
namespace {

using Result_ = std::expected<void, std::string>;

// One reading; remembers the first error.
class Reader {
 public:
  Reader(const std::string& path, HostFile& out, const AppLimits& defaults)
      : path_(path), folder_(path.substr(0, path.rfind('/') + 1)), out_(out), defaults_(defaults) {}

  Result_ read() {
    const toml::parse_result parsed = toml::parse_file(path_);
    if (!parsed) {
      const auto& begin = parsed.error().source().begin;
      return std::unexpected(path_ + ":" + std::to_string(begin.line) + ": " + std::string(parsed.error().description()));
    }
    read_table(parsed.table(), [this](std::string_view key, const toml::node& v) { return top(key, v); });
    if (error_.empty() && out_.apps.empty()) error_ = path_ + ": no application: there is no [[app]]";
    if (!error_.empty()) return std::unexpected(error_);
    return {};
  }

 private:
  template <class F>
  void read_table(const toml::table& table, F&& each) {
    for (auto&& [key, value] : table) {
      if (!error_.empty()) return;
      if (!each(key.str(), value)) fail(value, "unknown key '" + std::string(key.str()) + "'");
    }
  }
  bool fail(const toml::node& at, std::string why) {
    if (error_.empty()) error_ = path_ + ":" + std::to_string(at.source().begin.line) + ": " + std::move(why);
    return true;
  }

  // Each returns true: the key is known, whether or not the value is good.
  bool text(const toml::node& v, std::string& to) {
    if (const auto* s = v.as_string()) to = s->get();
    else fail(v, "must be a string");
    return true;
  }
  bool flag(const toml::node& v, bool& to) {
    if (const auto* b = v.as_boolean()) to = b->get();
    else fail(v, "must be true or false");
    return true;
  }
  template <class F>
  bool texts(const toml::node& v, F&& add) {
    if (v.is_string()) return add(v.as_string()->get()), true;
    const toml::array* list = v.as_array();
    if (!list) return fail(v, "must be a string or a list of strings");
    for (const toml::node& item : *list) {
      if (!item.is_string()) return fail(item, "must be a string");
      add(item.as_string()->get());
    }
    return true;
  }
  template <class T>
  bool number(const toml::node& v, T& to, bool size, uint64_t most) {
    Result<uint64_t> n = uint64_t{0};
    if (const auto* i = v.as_integer()) {
      if (i->get() < 0) return fail(v, "must not be negative");
      n = static_cast<uint64_t>(i->get());
    } else if (const auto* s = v.as_string()) {
      n = size ? parse_size(s->get()) : parse_number(s->get());
    } else {
      return fail(v, "must be a number");
    }
    if (!n) return fail(v, n.error().message());
    if (*n == 0 || *n > most) return fail(v, "must be from 1 to " + std::to_string(most));
    to = static_cast<T>(*n);
    return true;
  }
  template <class T>
  bool duration(const toml::node& v, T& to) {
    const auto* s = v.as_string();
    if (!s) return fail(v, "must be a time, for example \"10s\"");
    const auto d = parse_duration(s->get());
    if (!d) return fail(v, d.error().message());
    to = std::chrono::duration_cast<T>(*d);
    return true;
  }

  bool top(std::string_view key, const toml::node& v) {
    ServerConfig& server = out_.server;
    ConnectionLimits& c = server.limits;
    if (key == "listen") return texts(v, [&](const std::string& s) { out_.listen.push_back(s); });
    if (key == "admin") return text(v, out_.admin);
    if (key == "tls-cert") return text(v, out_.tls_cert), beside(out_.tls_cert);
    if (key == "tls-key") return text(v, out_.tls_key), beside(out_.tls_key);
    if (key == "access-log") return text(v, out_.access_log);
    if (key == "threads") return number(v, server.threads, false, 1024);
    if (key == "max-connections") return number(v, server.max_connections, false, 1 << 24);
    if (key == "max-body") return number(v, c.http.body_bytes, true, ~uint64_t{0});
    if (key == "max-head") return number(v, c.http.head_bytes, true, 16 << 20);
    if (key == "idle-timeout") return duration(v, c.idle);
    if (key == "head-timeout") return duration(v, c.head);
    if (key == "body-timeout") return duration(v, c.body);
    if (key == "write-timeout") return duration(v, c.write);
    if (key == "evict-after") {
      std::chrono::nanoseconds after{0};
      duration(v, after);
      server.idle = after;
      return true;
    }
    if (key == "app") {
      const toml::array* list = v.as_array();
      if (!list) return fail(v, "must be written as [[app]]");
      for (const toml::node& item : *list) {
        if (!item.is_table()) return fail(item, "must be written as [[app]]");
        read_app(*item.as_table());
      }
      return true;
    }
    return false;
  }

  bool beside(std::string& path) {
    if (!path.empty() && path[0] != '/') path = folder_ + path;
    return true;
  }

  void read_app(const toml::table& table) {
    HostApp app;
    app.limits = defaults_;
    read_table(table, [&](std::string_view key, const toml::node& v) { return app_key(app, key, v); });
    if (!error_.empty()) return;
    if (app.component.empty()) return void(fail(table, "an application without 'component'"));
    beside(app.component);
    if (app.name.empty()) {
      app.name = app.component.substr(app.component.rfind('/') + 1);
      app.name = app.name.substr(0, app.name.rfind('.'));
    }
    if (!names_.insert(app.name).second) return void(fail(table, "two applications are called '" + app.name + "'"));
    if (app.routes.empty()) app.routes.emplace_back("*", "/");
    for (const auto& route : app.routes)
      if (!routes_.insert(route).second)
        return void(fail(table, "two applications have the route '" + route.first + route.second + "'"));
    app.identity = identity(app);
    out_.apps.push_back(std::move(app));
  }

  bool app_key(HostApp& app, std::string_view key, const toml::node& v) {
    if (key == "name") return text(v, app.name);
    if (key == "component") return text(v, app.component);
    if (key == "preload") return flag(v, app.preload);
    if (key == "inherit-env") return flag(v, app.inherit_env);
    if (key == "routes")
      return texts(v, [&](const std::string& s) {
        const size_t slash = s.find('/');
        if (slash == s.npos || slash == 0) return void(fail(v, "'" + s + "' is not of the form HOST/PREFIX; HOST may be *"));
        app.routes.emplace_back(s.substr(0, slash), s.substr(slash));
      });
    if (key == "env") {
      const toml::table* table = v.as_table();
      if (!table) return fail(v, "must be a table");
      for (auto&& [name, value] : *table) {
        if (!value.is_string()) return fail(value, "must be a string");
        app.grants.emplace_back("env", std::string(name.str()) + "=" + value.as_string()->get());
      }
      return true;
    }
    if (key == "dir")
      return texts(v, [&](const std::string& s) { app.grants.emplace_back("dir", s[0] == '/' ? s : folder_ + s); });
    if (key == "allow-net" || key == "allow-listen" || key == "allow-http")
      return texts(v, [&](const std::string& s) { app.grants.emplace_back(key, s); });
    if (key == "timeout") return duration(v, app.limits.wall);
    if (key == "cpu-limit") return duration(v, app.limits.cpu);
    if (key == "max-concurrent") return number(v, app.limits.concurrent, false, 1 << 24);
    if (key == "max-memory") return number(v, app.limits.store.memory_bytes, true, ~uint64_t{0});
    return false;
  }

  // All that makes a difference, and which file it is now.
  static std::string identity(const HostApp& app) {
    std::string id = app.name + '\n' + app.component + '\n';
    struct stat st;
    if (::stat(app.component.c_str(), &st) == 0)
      id += std::to_string(st.st_ino) + ' ' + std::to_string(st.st_size) + ' ' + std::to_string(st.st_mtim.tv_sec) + ' ' +
            std::to_string(st.st_mtim.tv_nsec);
    for (const auto& [option, what] : app.grants) id += '\n' + option + '=' + what;
    const AppLimits& l = app.limits;
    for (const uint64_t n : {static_cast<uint64_t>(l.wall.count()), static_cast<uint64_t>(l.cpu.count()),
                             uint64_t{l.concurrent}, l.store.memory_bytes, uint64_t{app.inherit_env}})
      id += '\n' + std::to_string(n);
    return id;
  }

  const std::string path_;
  const std::string folder_;
  HostFile& out_;
  const AppLimits defaults_;
  std::set<std::string> names_;
  std::set<std::pair<std::string, std::string>> routes_;
  std::string error_;
};

}  // namespace

std::expected<HostFile, std::string> read_host_file(const std::string& path, const AppLimits& defaults) {
  HostFile file;
  Reader reader(path, file, defaults);
  if (auto done = reader.read(); !done) return std::unexpected(std::move(done.error()));
  return file;
}

std::optional<wasi::SocketAddress> parse_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  else if (host == "localhost") host = "127.0.0.1";
  const auto ip = wasi::IpAddress::parse(host.empty() ? "0.0.0.0" : host);
  const auto port = parse_number(text.substr(colon + 1));
  if (!ip || !port || *port > 65535) return std::nullopt;
  return wasi::SocketAddress{.ip = *ip, .port = static_cast<uint16_t>(*port)};
}

std::expected<void, std::string> add_grant(Grants& grants, std::string_view option, std::string_view text) {
  if (option == "dir") return grants.add_dir(text);
  if (option == "env") return grants.add_env(text);
  if (option == "allow-net") return grants.add_net(text);
  if (option == "allow-listen") return grants.add_listen(text);
  return grants.add_http(text);
}

}  // namespace skiff::host
