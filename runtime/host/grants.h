// Grants: what an application may do, as users write it, and the contexts that are made of it. Directories are opened
// once and shared by all contexts of the application.
// Thread: any.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/binary/decode.h"
#include "engine/syntax/features.h"
#include "wasi/os/ctx.h"

namespace skiff::host {

class Grants {
 public:
  /// "HOST[::GUEST][::ro]"; opens it. Errors: in words, of all of these.
  std::expected<void, std::string> add_dir(std::string_view text);
  /// "NAME=VALUE"; later ones win.
  std::expected<void, std::string> add_env(std::string_view text);
  void inherit_env();
  /// "HOST:PORT", or "all"
  std::expected<void, std::string> add_net(std::string_view text);
  /// "ADDRESS:PORT"
  std::expected<void, std::string> add_listen(std::string_view text);
  /// "SCHEME://HOST[:PORT]", or "all"
  std::expected<void, std::string> add_http(std::string_view text);
  void set_args(std::vector<std::string> args) { args_ = std::move(args); }
  /// Told of what was refused, and which grant it needs. Called from any thread.
  void on_refused(std::function<void(std::string_view)> told) { told_ = std::move(told); }

  /// Everything that was added; clocks and random numbers always.
  std::unique_ptr<wasi::Ctx> make() const;

 private:
  std::vector<std::string> args_;
  std::vector<std::string> env_;
  std::vector<wasi::Preopen> dirs_;
  wasi::NetPolicy network_;
  wasi::HttpPolicy http_;
  std::function<void(std::string_view)> told_;
};

/// A component's binary form from a file, text or binary. Errors: FileError; of the text.
Result<SharedBytes> read_component(const std::string& path, const Features& features);

}  // namespace skiff::host
