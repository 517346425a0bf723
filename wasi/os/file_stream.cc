// Byte streams over files.
#include "wasi/os/file_stream.h"

#include <algorithm>

namespace skiff::wasi {
namespace {

constexpr uint64_t kFilePermit = uint64_t{1} << 20;

iovec vec_of(std::span<const uint8_t> bytes) {
  return {const_cast<uint8_t*>(bytes.data()), bytes.size()};
}

// A file with positions, read at one of its own: other streams on it do not interfere.
class FileInput final : public InputStream {
 public:
  FileInput(std::shared_ptr<File> file, uint64_t offset) : file_(std::move(file)), offset_(offset) {}

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override {
    const iovec v = vec_of(into);
    const auto n = file_->pread({&v, 1}, offset_);
    if (!n) return stream_failed(n.error(), ErrorOrigin::File);
    if (*n == 0) return stream_closed();
    offset_ += *n;
    return *n;
  }
  bool source_poll(WaitSet&) override { return true; }

  std::shared_ptr<File> file_;
  uint64_t offset_;
};

class FileOutput final : public OutputStream {
 public:
  FileOutput(std::shared_ptr<File> file, std::optional<uint64_t> offset)
      : file_(std::move(file)), offset_(offset) {}

 private:
  Streamed<uint64_t> sink_capacity() override { return kFilePermit; }
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const iovec v = vec_of(bytes);
      const auto n = offset_ ? file_->pwrite({&v, 1}, *offset_) : file_->append_write({&v, 1});
      if (!n) return stream_failed(n.error(), ErrorOrigin::File);
      if (*n == 0) return stream_failed(Errno::Io, ErrorOrigin::File);
      if (offset_) *offset_ += *n;
      bytes = bytes.subspan(*n);
    }
    return {};
  }
  bool sink_poll(WaitSet&) override { return true; }

  std::shared_ptr<File> file_;
  std::optional<uint64_t> offset_;     // none: at the end
};

// A file as it comes: a pipe, a terminal, a standard stream. Its end, once seen, stays the end.
class FdInput final : public InputStream {
 public:
  explicit FdInput(std::shared_ptr<File> file) : file_(std::move(file)) {}

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override {
    const iovec v = vec_of(into);
    const auto n = file_->read_now({&v, 1});
    if (!n && n.error() == Errno::Again) return size_t{0};
    if (!n) return stream_failed(n.error(), ErrorOrigin::File);
    if (*n == 0) return stream_closed();
    return *n;
  }
  bool source_poll(WaitSet& set) override {
    if (file_->type() == FileType::RegularFile) return true;
    set.add_fd(file_->fd(), POLLIN);
    return false;
  }

  std::shared_ptr<File> file_;
};

class FdOutput final : public OutputStream {
 public:
  FdOutput(std::shared_ptr<File> file, Interrupt interrupt) : file_(std::move(file)), interrupt_(interrupt) {}

 private:
  Streamed<uint64_t> sink_capacity() override {
    if (file_->type() == FileType::RegularFile) return uint64_t{kStreamChunk};
    const auto ready = wait_ready(file_->fd(), POLLOUT, true, {});
    if (!ready && ready.error() == Errno::Again) return uint64_t{0};
    return uint64_t{kStreamChunk};  // an error shows when it is written to
  }
  // Waits when a pipe takes less than was promised, which happens when its other writers fill it.
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const iovec v = vec_of(bytes);
      const auto n = file_->write_now({&v, 1});
      if (!n && n.error() == Errno::Again) {
        const auto ready = wait_ready(file_->fd(), POLLOUT, false, interrupt_);
        if (ready) continue;
        if (ready.error() == Errno::Canceled)
          return std::unexpected(StreamFault{StreamFault::Kind::Canceled, {}});
        return stream_failed(ready.error(), ErrorOrigin::File);
      }
      if (!n && n.error() == Errno::Pipe) return stream_closed();  // nobody reads any more
      if (!n) return stream_failed(n.error(), ErrorOrigin::File);
      bytes = bytes.subspan(*n);
    }
    return {};
  }
  bool sink_poll(WaitSet& set) override {
    if (file_->type() == FileType::RegularFile) return true;
    set.add_fd(file_->fd(), POLLOUT);
    return false;
  }

  std::shared_ptr<File> file_;
  Interrupt interrupt_;
};

// Streams of the embedder (stream.h), which are always ready.
class MemoryIn final : public InputStream {
 public:
  explicit MemoryIn(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override {
    const iovec v = vec_of(into);
    const auto n = stream_->read({&v, 1});
    if (!n) return stream_failed(n.error(), ErrorOrigin::Other);
    if (*n == 0) return stream_closed();
    return *n;
  }
  bool source_poll(WaitSet&) override { return true; }
  std::shared_ptr<Stream> stream_;
};

class MemoryOut final : public OutputStream {
 public:
  explicit MemoryOut(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

 private:
  Streamed<uint64_t> sink_capacity() override { return uint64_t{kStreamChunk}; }
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const iovec v = vec_of(bytes);
      const auto n = stream_->write({&v, 1});
      if (!n) return stream_failed(n.error(), ErrorOrigin::Other);
      if (*n == 0) return stream_failed(Errno::Io, ErrorOrigin::Other);
      bytes = bytes.subspan(*n);
    }
    return {};
  }
  bool sink_poll(WaitSet&) override { return true; }
  std::shared_ptr<Stream> stream_;
};

Io<void> check_offset(uint64_t offset) {
  if (offset > static_cast<uint64_t>(INT64_MAX)) return io_fail(Errno::Inval);
  return {};
}

}  // namespace

Io<std::shared_ptr<InputStream>> file_input(std::shared_ptr<File> file, uint64_t offset) {
  if (!file->readable()) return io_fail(Errno::BadF);
  if (!file->seekable()) return std::make_shared<FdInput>(std::move(file));
  SKIFF_IO_TRY(check_offset(offset));
  return std::make_shared<FileInput>(std::move(file), offset);
}

Io<std::shared_ptr<OutputStream>> file_output(std::shared_ptr<File> file, std::optional<uint64_t> offset) {
  if (!file->writable()) return io_fail(Errno::BadF);
  if (!file->seekable()) return std::make_shared<FdOutput>(std::move(file), Interrupt{});
  SKIFF_IO_TRY(check_offset(offset.value_or(0)));
  return std::make_shared<FileOutput>(std::move(file), offset);
}

std::shared_ptr<InputStream> std_input(const StdHandle& handle) {
  if (const auto* file = std::get_if<std::shared_ptr<File>>(&handle)) return std::make_shared<FdInput>(*file);
  return std::make_shared<MemoryIn>(std::get<std::shared_ptr<Stream>>(handle));
}

std::shared_ptr<OutputStream> std_output(const StdHandle& handle, Interrupt interrupt) {
  if (const auto* file = std::get_if<std::shared_ptr<File>>(&handle))
    return std::make_shared<FdOutput>(*file, interrupt);
  return std::make_shared<MemoryOut>(std::get<std::shared_ptr<Stream>>(handle));
}

}  // namespace skiff::wasi
