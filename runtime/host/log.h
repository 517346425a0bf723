// Log: lines to a file or stream, gathered and written at once. Lines of the access log, and what went wrong with
// applications. For people, or as JSON.
// Thread: any; each line is one whole.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "runtime/host/exchange.h"
#include "wasi/os/fd.h"
#include "wasi/os/stream.h"

namespace skiff::host {

class Log {
 public:
  /// `fd`: where errors go; -1: nowhere. Accesses are not written before open_access().
  Log(int fd, bool json) : errors_(wasi::FdRef::borrow(fd)), json_(json) {}
  ~Log() { flush(); }
  Log(const Log&) = delete;

  /// "-": the standard output. Opened anew, for rotation, by each call. Errors: in words.
  std::expected<void, std::string> open_access(const std::string& path);
  bool logs_access() const { return access_.get() >= 0; }

  void access(const ExchangeRecord& record, uint16_t status, bool complete, uint64_t now_ns);
  /// `app` may be empty.
  void error(std::string_view app, std::string_view message);
  void note(std::string_view message);
  /// A line that a guest has written to one of its standard streams.
  void guest(std::string_view app, std::string_view line);
  /// Writes accesses that have been gathered.
  void flush();

 private:
  void line(std::string_view level, std::string_view app, std::string_view message);

  std::mutex mutex_;
  wasi::FdRef access_;
  wasi::FdRef errors_;
  const bool json_;
  std::string gathered_;
};

/// What guests write to their standard streams: lines in the log. What is no text is escaped; long lines are split.
class GuestLines final : public wasi::Stream {
 public:
  GuestLines(Log& log, std::string app) : log_(log), app_(std::move(app)) {}
  wasi::Io<size_t> write(std::span<const iovec> from) override;
  bool writable() const override { return true; }
  /// A last line without an end.
  void finish();

 private:
  Log& log_;
  const std::string app_;
  std::string line_;
};

}  // namespace skiff::host
