// HostFile: the configuration of a server of many applications (TOML, docs/serve.md). Every key is known, every value is
// checked here, and errors name the line. Paths are relative to the file.
// Thread: any.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "runtime/config.h"
#include "runtime/host/app.h"
#include "runtime/host/server.h"

namespace skiff::host {

struct HostApp {
  std::string name;
  std::string component;                                   // path
  std::vector<std::pair<std::string, std::string>> routes; // host, prefix
  std::vector<std::pair<std::string, std::string>> grants; // which (as the option of skiff serve), what
  bool inherit_env = false;
  bool preload = false;
  AppLimits limits;
  std::string identity;        // equal: the same application, component included
};

struct HostFile {
  std::vector<std::string> listen;
  std::string admin;
  std::string tls_cert, tls_key;
  std::string access_log;
  ServerConfig server;         // but for addresses
  std::vector<HostApp> apps;
};

/// Reads `path`. `defaults`: of every application. Errors: in words, "FILE:LINE: what".
std::expected<HostFile, std::string> read_host_file(const std::string& path, const AppLimits& defaults);

/// "127.0.0.1:8080", "[::1]:80", ":80" (every IPv4 address), "localhost:8080"
std::optional<wasi::SocketAddress> parse_address(std::string_view text);

class Grants;
/// Adds one by the name of its option: dir, env, allow-net, allow-listen, allow-http. Errors: in words.
std::expected<void, std::string> add_grant(Grants& grants, std::string_view option, std::string_view text);

}  // namespace skiff::host
