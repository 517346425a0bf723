// Files in and out, by plain system calls: streams would only cost time at every start.
#include "runtime/cli/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "component/binary/binary.h"
#include "component/text/text.h"
#include "engine/text/text.h"

namespace skiff::cli {
namespace {

// Closes what it opened, but not standard input or output.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  File(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

void report_errno(std::string_view what, std::string_view name) {
  const int number = errno;
  report_error(std::string(name) + ": " + std::string(what) + ": " + std::strerror(number));
}

bool read_all(int fd, std::string& out) {
  struct stat st{};
  size_t capacity = 1 << 16;
  if (::fstat(fd, &st) == 0) {
    if (S_ISDIR(st.st_mode)) return errno = EISDIR, false;
    if (S_ISREG(st.st_mode)) capacity = static_cast<size_t>(st.st_size) + 1;
  }
  size_t size = 0;
  for (;;) {
    if (size == out.size()) out.resize(std::max(capacity, out.size() * 2));
    const ssize_t n = ::read(fd, out.data() + size, out.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  out.resize(size);
  return true;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

ByteSpan bytes_of(std::string_view content) {
  return {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
}

// Text starts with a parenthesis or a comment; everything else is for the decoder to judge.
bool looks_like_text(std::string_view name, std::string_view content) {
  if (has_wasm_magic(bytes_of(content))) return false;
  const size_t first = content.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return name.ends_with(".wat");
  return name.ends_with(".wat") || content[first] == '(' || content.substr(first).starts_with(";;");
}

}  // namespace

std::optional<Input> read_input(std::string_view path) {
  Input input{.name = path == "-" ? "<stdin>" : std::string(path)};
  const File file(path == "-" ? STDIN_FILENO : ::open(input.name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0 || !read_all(file.fd(), input.content)) {
    report_errno("cannot read file", input.name);
    return std::nullopt;
  }
  input.is_text = looks_like_text(input.name, input.content);
  return input;
}

std::optional<SharedBytes> to_binary(const Input& input, Features features) {
  // The caller keeps the input while the bytes are in use.
  if (!input.is_text) return SharedBytes{bytes_of(input.content), nullptr};
  auto binary = holds_component(input) ? component::component_wat_to_binary(input.content, features)
                                       : wat_to_binary(input.content, features);
  if (!binary) {
    report_error(input, binary.error());
    return std::nullopt;
  }
  return SharedBytes::own(std::move(*binary));
}

std::optional<Module> load_module(const Input& input, Features features) {
  auto module = input.is_text
                    ? parse_wat(input.content, features)
                    : decode_module(SharedBytes{bytes_of(input.content), nullptr}, features);
  if (!module) {
    report_error(input, module.error());
    return std::nullopt;
  }
  return std::move(*module);
}

bool holds_component(const Input& input) {
  return input.is_text ? component::is_component_text(input.content)
                       : component::is_component(bytes_of(input.content));
}

Result<std::shared_ptr<const component::Component>> load_component(const Input& input, Features features) {
  if (input.is_text) return component::parse_component(input.content, features);
  return component::decode_component(SharedBytes{bytes_of(input.content), nullptr}, features);
}

bool write_output(std::string_view path, std::string_view content) {
  if (path == "-") return print(content);
  const std::string name(path);
  const File file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd() >= 0 && write_all(file.fd(), content)) return true;
  report_errno("cannot write file", name);
  return false;
}

bool print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return true;
  report_errno("cannot write", "<stdout>");
  return false;
}

}  // namespace skiff::cli
