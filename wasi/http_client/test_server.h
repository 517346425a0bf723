// A server for tests: on a thread of its own, one connection after the other, each given to a function. It says what it
// was sent.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace skiff::wasi {

/// One end of a connection, blocking.
class TestConnection {
 public:
  explicit TestConnection(int fd) : fd_(fd) {}
  /// Everything until the end of the next head; empty: closed.
  std::string head() {
    for (;;) {
      if (const size_t end = read_.find("\r\n\r\n"); end != read_.npos) {
        std::string head = read_.substr(0, end + 4);
        read_.erase(0, end + 4);
        return head;
      }
      if (!more()) return {};
    }
  }
  /// So many bytes, or fewer when it closes.
  std::string bytes(size_t count) {
    while (read_.size() < count && more()) {
    }
    std::string out = read_.substr(0, count);
    read_.erase(0, out.size());
    return out;
  }
  /// Until `text` has been read.
  std::string until(const std::string& text) {
    while (read_.find(text) == read_.npos && more()) {
    }
    const size_t end = read_.find(text);
    std::string out = read_.substr(0, end == read_.npos ? end : end + text.size());
    read_.erase(0, out.size());
    return out;
  }
  /// False: the other side has closed.
  bool write(const std::string& text) {
    for (size_t at = 0; at != text.size();) {
      const ssize_t n = ::send(fd_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<size_t>(n);
    }
    return true;
  }

 private:
  bool more() {
    char buffer[4096];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    read_.append(buffer, static_cast<size_t>(n));
    return true;
  }
  int fd_;
  std::string read_;
};

class TestServer {
 public:
  using Serve = std::function<void(TestConnection&)>;
  explicit TestServer(Serve serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~TestServer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      ::shutdown(listener_, SHUT_RDWR);
      if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
    }
    thread_.join();
    ::close(listener_);
  }
  uint16_t port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  unsigned connections() const { return connections_; }

 private:
  void run() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      {
        const std::lock_guard lock(mutex_);
        if (fd < 0 || stop_) {
          if (fd >= 0) ::close(fd);
          return;
        }
        open_ = fd;
      }
      ++connections_;
      TestConnection connection(fd);
      serve_(connection);
      const std::lock_guard lock(mutex_);
      open_ = -1;
      ::close(fd);
    }
  }

  Serve serve_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  bool stop_ = false;
  int open_ = -1;
  std::atomic<unsigned> connections_ = 0;
  std::thread thread_;
};

}  // namespace skiff::wasi
