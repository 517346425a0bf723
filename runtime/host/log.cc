// Lines.
#include "runtime/host/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

namespace skiff::host {
namespace {

constexpr size_t kGather = 64 << 10;
constexpr size_t kLongestLine = 8 << 10;

void write_all(int fd, std::string_view text) {
  while (fd >= 0 && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// Control characters and what ends strings, escaped as in JSON; bytes that are not ASCII as they are, if they are text.
void put_escaped(std::string& out, std::string_view text) {
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if (c == '"' || c == '\\') {
      out += '\\', out += ch;
    } else if (c < 0x20 || c >= 0x7F) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += ch;
    }
  }
}

void put_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":\"");
  put_escaped(out, value);
  out += '"';
}

// "2026-01-31T12:34:56.789Z"
std::string now_text() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts;
  gmtime_r(&now.tv_sec, &parts);
  char text[40];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + n, sizeof text - n, ".%03ldZ", now.tv_nsec / 1'000'000);
  return text;
}

std::string milliseconds(uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ns) / 1e6);
  return text;
}

}  // namespace

std::expected<void, std::string> Log::open_access(const std::string& path) {
  wasi::FdRef file = wasi::FdRef::borrow(STDOUT_FILENO);
  if (path != "-") {
    wasi::OwnedFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return std::unexpected("cannot open '" + path + "': " + std::strerror(errno));
    file = wasi::FdRef(std::move(fd));
  }
  flush();
  const std::lock_guard lock(mutex_);
  access_ = std::move(file);
  return {};
}

void Log::access(const ExchangeRecord& r, uint16_t status, bool complete, uint64_t now_ns) {
  if (!logs_access()) return;
  const std::string duration = milliseconds(now_ns - r.began_ns);
  std::string out;
  out.reserve(256);
  if (json_) {
    out.append("{\"time\":\"").append(now_text()).append("\",\"type\":\"access\"");
    put_member(out, "client", r.peer);
    put_member(out, "method", r.method);
    put_member(out, "target", r.target);
    put_member(out, "host", r.host);
    put_member(out, "protocol", r.protocol);
    put_member(out, "app", r.app);
    out.append(",\"status\":").append(std::to_string(status));
    out.append(",\"bytes\":").append(std::to_string(r.sent_bytes));
    out.append(",\"ms\":").append(duration).append(",\"guest_ms\":").append(milliseconds(r.guest_ns));
    out.append(",\"complete\":").append(complete ? "true" : "false").append("}\n");
  } else {
    out.append(now_text()).append(" ").append(r.peer).append(" \"");
    put_escaped(out, r.method);
    out += ' ';
    put_escaped(out, r.target);
    out.append(" ").append(r.protocol).append("\" ").append(std::to_string(status)).append(" ");
    out.append(std::to_string(r.sent_bytes)).append(" ").append(duration).append("ms ");
    out.append(r.app.empty() ? "-" : r.app).append(complete ? "\n" : " incomplete\n");
  }
  bool full;
  {
    const std::lock_guard lock(mutex_);
    gathered_ += out;
    full = gathered_.size() >= kGather;
  }
  if (full) flush();
}

void Log::flush() {
  const std::lock_guard lock(mutex_);
  if (gathered_.empty()) return;
  write_all(access_.get(), gathered_);
  gathered_.clear();
}

void Log::line(std::string_view level, std::string_view app, std::string_view message) {
  std::string out;
  if (json_) {
    out.append("{\"time\":\"").append(now_text()).append("\",\"type\":\"").append(level).append("\"");
    if (!app.empty()) put_member(out, "app", app);
    put_member(out, "message", message);
    out += "}\n";
  } else {
    out.append("skiff: ");
    if (!app.empty()) out.append(app).append(": ");
    out.append(message).append("\n");
  }
  const std::lock_guard lock(mutex_);
  write_all(errors_.get(), out);
}

void Log::error(std::string_view app, std::string_view message) { line("error", app, message); }
void Log::note(std::string_view message) { line("note", {}, message); }

void Log::guest(std::string_view app, std::string_view text) {
  if (json_) return line("guest", app, text);
  std::string out(app);
  out += ": ";
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if ((c < 0x20 && c != '\t') || c == 0x7F) out += '?';
    else out += ch;
  }
  out += '\n';
  const std::lock_guard lock(mutex_);
  write_all(errors_.get(), out);
}

wasi::Io<size_t> GuestLines::write(std::span<const iovec> from) {
  size_t total = 0;
  for (const iovec& part : from) {
    std::string_view text(static_cast<const char*>(part.iov_base), part.iov_len);
    total += text.size();
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const size_t n = std::min({end == text.npos ? text.size() : end, kLongestLine - line_.size()});
      line_.append(text.substr(0, n));
      text.remove_prefix(n);
      const bool ends = !text.empty() && text[0] == '\n';
      if (ends) text.remove_prefix(1);
      if (ends || line_.size() == kLongestLine) {
        log_.guest(app_, line_);
        line_.clear();
      }
    }
  }
  return total;
}

void GuestLines::finish() {
  if (!line_.empty()) log_.guest(app_, line_);
  line_.clear();
}

}  // namespace skiff::host
