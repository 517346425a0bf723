// AppSet: the applications of a configuration file, and what becomes of them when it is read again: those that are as they
// were go on with what they have loaded; new and changed ones must load before anything changes, else everything stays.
// Thread: one.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>

#include "runtime/host/app.h"
#include "runtime/host/host_file.h"
#include "runtime/host/shard.h"

namespace skiff::host {

class AppSet {
 public:
  using MakeSpec = std::function<std::expected<AppSpec, std::string>(const HostApp& app)>;
  AppSet(AppLoader& loader, MakeSpec make) : loader_(loader), make_(std::move(make)) {}

  /// Applications and routes of the file. Loaded are those with `preload`, and, of a file that is read again, those that
  /// replace loaded ones. Errors: in words; then nothing has changed.
  std::expected<RoutesPtr, std::string> build(const HostFile& file);
  /// What build() has replaced goes, when no request needs it any more. After the routes are in use.
  void retire_replaced();

 private:
  struct Entry {
    std::string identity;
    AppPtr app;
  };
  AppLoader& loader_;
  const MakeSpec make_;
  std::map<std::string, Entry> entries_;       // by name
  std::vector<AppPtr> replaced_;
};

}  // namespace skiff::host
