// wasi:filesystem, over common/descriptor.h: errors, times and types as 0.3 has them. Everything that is of async type
// there is done when the call returns: files of the host never make anybody wait.
#include "wasi/os/file_stream.h"
#include "wasi/p3/functions.h"

namespace skiff::wasi::p3 {

FsCode fs_code(Errno e) {
  switch (e) {
    case Errno::Acces: return FsCode::Access;
    case Errno::Already: return FsCode::Already;
    case Errno::BadF: return FsCode::BadDescriptor;
    case Errno::Busy: return FsCode::Busy;
    case Errno::DeadLk: return FsCode::Deadlock;
    case Errno::DQuot: return FsCode::Quota;
    case Errno::Exist: return FsCode::Exist;
    case Errno::FBig: return FsCode::FileTooLarge;
    case Errno::IlSeq: return FsCode::IllegalByteSequence;
    case Errno::InProgress: return FsCode::InProgress;
    case Errno::Intr: return FsCode::Interrupted;
    case Errno::Inval: return FsCode::Invalid;
    case Errno::IsDir: return FsCode::IsDirectory;
    case Errno::Loop: return FsCode::Loop;
    case Errno::MLink: return FsCode::TooManyLinks;
    case Errno::MsgSize: return FsCode::MessageSize;
    case Errno::NameTooLong: return FsCode::NameTooLong;
    case Errno::NoDev: return FsCode::NoDevice;
    case Errno::NoEnt: return FsCode::NoEntry;
    case Errno::NoLck: return FsCode::NoLock;
    case Errno::NoMem:
    case Errno::MFile:
    case Errno::NFile: return FsCode::InsufficientMemory;
    case Errno::NoSpc: return FsCode::InsufficientSpace;
    case Errno::NotDir: return FsCode::NotDirectory;
    case Errno::NotEmpty: return FsCode::NotEmpty;
    case Errno::NotRecoverable: return FsCode::NotRecoverable;
    case Errno::NotSup:
    case Errno::NoSys: return FsCode::Unsupported;
    case Errno::NoTty: return FsCode::NoTty;
    case Errno::Nxio: return FsCode::NoSuchDevice;
    case Errno::Overflow: return FsCode::Overflow;
    case Errno::Perm:
    case Errno::NotCapable: return FsCode::NotPermitted;
    case Errno::Pipe: return FsCode::Pipe;
    case Errno::RoFs: return FsCode::ReadOnly;
    case Errno::SPipe: return FsCode::InvalidSeek;
    case Errno::TxtBsy: return FsCode::TextFileBusy;
    case Errno::XDev: return FsCode::CrossDevice;
    default: return FsCode::Io;
  }
}

namespace {

DescriptorTypeCase type_of(FileType type) {
  using T = DescriptorTypeCase;
  switch (type) {
    case FileType::Unknown: break;
    case FileType::BlockDevice: return T::BlockDevice;
    case FileType::CharacterDevice: return T::CharacterDevice;
    case FileType::Directory: return T::Directory;
    case FileType::RegularFile: return T::RegularFile;
    case FileType::SocketDgram:
    case FileType::SocketStream: return T::Socket;
    case FileType::SymbolicLink: return T::SymbolicLink;
    case FileType::Fifo: return T::Fifo;
  }
  return T::Other;
}

Instant to_instant(Timestamp t) { return {t.seconds, t.nanoseconds}; }

NewTime from_wit(const NewTimestamp& t) {
  if (std::holds_alternative<NoChange>(t)) return {NewTime::Kind::Keep};
  if (std::holds_alternative<Now>(t)) return {NewTime::Kind::Now};
  const auto& at = std::get<Instant>(t);
  return {NewTime::Kind::At, static_cast<uint64_t>(at.seconds), at.nanoseconds, at.seconds < 0};
}

std::unexpected<FsError> failed(Errno e) { return std::unexpected(FsError(fs_code(e))); }

template <class T>
FsResult<T> told(Io<T> r) {
  if (!r) return failed(r.error());
  if constexpr (std::is_void_v<T>) return {};
  else return *std::move(r);
}

FsResult<DescriptorStat> told(const Io<FileStat>& st) {
  if (!st) return failed(st.error());
  return DescriptorStat{type_of(st->type),         st->links, st->size, to_instant(st->accessed),
                        to_instant(st->modified), to_instant(st->changed)};
}

FsResult<MetadataHash> hash(P3Call& c, const Io<FileStat>& st) {
  if (!st) return failed(st.error());
  return hash_of(*st, c.state.secret());
}

component::Val tell(const StreamFault& fault) {
  if (fault.kind == StreamFault::Kind::Closed) return Wit<FsError>::value(FsCode::Pipe);
  return Wit<FsError>::value(fs_code(fault.error.code));
}

StreamFault fault_of(Errno e) { return {StreamFault::Kind::Failed, {e, ErrorOrigin::File}}; }

// A service's stream, or the fault that there is none.
template <class T>
std::expected<T, StreamFault> opened(Io<T> stream) {
  if (!stream) return stream_failed(stream.error(), ErrorOrigin::File);
  return *std::move(stream);
}

Io<std::shared_ptr<InputStream>> input(Descriptor& d, uint64_t offset) {
  return file_input(SKIFF_IO_TRY(d.need_file()), offset);
}
Io<std::shared_ptr<OutputStream>> output(Descriptor& d, std::optional<uint64_t> offset) {
  return file_output(SKIFF_IO_TRY(d.need_file()), offset);
}

// Entries of a directory, as many as the guest asks for.
class Entries final : public component::HostEnd {
 public:
  Entries(Dir dir, Ending ending) : reader_(std::move(dir)), ending_(std::move(ending)) {}

  bool on_offer() override {
    component::Buffer* const to = offered();
    if (to->is_zero_length()) return complete(), true;
    std::vector<component::Val> entries;
    std::optional<Errno> error;
    bool end = false;
    while (entries.size() < std::min(to->remain(), kBatch)) {
      auto entry = reader_.next();
      if (!entry) error = entry.error();
      end = !entry || !*entry;
      if (end) break;
      std::vector<component::Val> fields;
      fields.push_back(Wit<DescriptorType>::value(type_of((*entry)->type)));
      fields.push_back(component::Val::of_string(std::move((*entry)->name)));
      entries.push_back(component::Val::of_record(std::move(fields)));
    }
    if (!entries.empty()) {
      if (!to->write(component::Val::of_list(std::move(entries)))) return false;
      copied();
    }
    if (!end) return true;
    done_ = true;
    drop();
    return error ? ending_.fail(fault_of(*error)) : ending_.ok();
  }
  void on_dropped() override {
    if (!done_) ending_.ok();
  }

 private:
  static constexpr uint32_t kBatch = 256;
  EntryReader reader_;
  Ending ending_;
  bool done_ = false;
};

}  // namespace

BytesOut<FsError> read_via_stream(P3Call& c, Borrow<Descriptor> self, uint64_t offset) {
  return give_bytes<FsError>(c, opened(input(*self, offset)), tell);
}

Ended<FsError> write_via_stream(P3Call& c, Borrow<Descriptor> self, BytesIn data, uint64_t offset) {
  return take_bytes<FsError>(c, data, opened(output(*self, offset)), tell);
}

Ended<FsError> append_via_stream(P3Call& c, Borrow<Descriptor> self, BytesIn data) {
  return take_bytes<FsError>(c, data, opened(output(*self, std::nullopt)), tell);
}

std::tuple<StreamOut<DirectoryEntry>, Ended<FsError>> read_directory(P3Call& c, Borrow<Descriptor> self) {
  auto future = std::make_shared<component::HostFutureWriter>();
  Ending ending(future, tell);
  const auto dir = self->need_dir();
  std::shared_ptr<component::HostEnd> writer;
  if (dir) {
    writer = std::make_shared<Entries>(**dir, std::move(ending));
  } else {
    ending.fail(fault_of(dir.error()));
    writer = std::make_shared<component::HostFutureWriter>();  // of nothing: the stream is closed at once
  }
  const auto stream = c.stream<DirectoryEntry>(std::move(writer));
  if (!dir) P3Call::refuse(stream.object);
  return {stream, c.future<std::expected<void, FsError>>(std::move(future))};
}

FsResult<void> advise(P3Call&, Borrow<Descriptor> self, uint64_t offset, uint64_t length, AdviceKind advice) {
  return told(self->advise(offset, length, advice));
}

FsResult<void> sync_data(P3Call&, Borrow<Descriptor> self) { return told(self->sync(true)); }
FsResult<void> sync(P3Call&, Borrow<Descriptor> self) { return told(self->sync(false)); }
FsResult<DescriptorFlags> get_flags(P3Call&, Borrow<Descriptor> self) { return self->flags(); }
FsResult<DescriptorType> get_type(P3Call&, Borrow<Descriptor> self) {
  return DescriptorType(type_of(self->type()));
}
FsResult<void> set_size(P3Call&, Borrow<Descriptor> self, uint64_t size) { return told(self->set_size(size)); }

FsResult<void> set_times(P3Call&, Borrow<Descriptor> self, NewTimestamp accessed, NewTimestamp modified) {
  return told(self->set_times(from_wit(accessed), from_wit(modified)));
}

FsResult<DescriptorStat> stat(P3Call&, Borrow<Descriptor> self) { return told(self->stat()); }
bool is_same_object(P3Call&, Borrow<Descriptor> self, Borrow<Descriptor> other) { return self->is_same(*other); }
FsResult<MetadataHash> metadata_hash(P3Call& c, Borrow<Descriptor> self) { return hash(c, self->stat()); }

// ---- through paths

FsResult<void> create_directory_at(P3Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->create_directory_at(path.get()));
}

FsResult<DescriptorStat> stat_at(P3Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  return told(self->stat_at(flags, path.get()));
}

FsResult<void> set_times_at(P3Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                            NewTimestamp accessed, NewTimestamp modified) {
  return told(self->set_times_at(flags, path.get(), from_wit(accessed), from_wit(modified)));
}

FsResult<void> link_at(P3Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                       Borrow<Descriptor> new_dir, const Text& new_path) {
  return told(self->link_at(flags, path.get(), *new_dir, new_path.get()));
}

FsResult<Own<Descriptor>> open_at(P3Call& c, Borrow<Descriptor> self, PathFlags path_flags, const Text& path,
                                  OpenFlags open, DescriptorFlags flags) {
  auto opened = self->open_at(path_flags, path.get(), open, flags);
  if (!opened) return failed(opened.error());
  return c.make<Descriptor>(nullptr, *std::move(opened));
}

FsResult<std::string> readlink_at(P3Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->readlink_at(path.get()));
}

FsResult<void> remove_directory_at(P3Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->remove_directory_at(path.get()));
}

FsResult<void> rename_at(P3Call&, Borrow<Descriptor> self, const Text& path, Borrow<Descriptor> new_dir,
                         const Text& new_path) {
  return told(self->rename_at(path.get(), *new_dir, new_path.get()));
}

FsResult<void> symlink_at(P3Call&, Borrow<Descriptor> self, const Text& target, const Text& path) {
  return told(self->symlink_at(target.get(), path.get()));
}

FsResult<void> unlink_file_at(P3Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->unlink_file_at(path.get()));
}

FsResult<MetadataHash> metadata_hash_at(P3Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  return hash(c, self->stat_at(flags, path.get()));
}

}  // namespace skiff::wasi::p3
