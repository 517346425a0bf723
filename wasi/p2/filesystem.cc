// wasi:filesystem, over common/descriptor.h: errors, times and types as 0.2 has them.
#include "wasi/os/file_stream.h"
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {

FsError fs_error(Errno e) {
  switch (e) {
    case Errno::Acces: return FsError::Access;
    case Errno::Again: return FsError::WouldBlock;
    case Errno::Already: return FsError::Already;
    case Errno::BadF: return FsError::BadDescriptor;
    case Errno::Busy: return FsError::Busy;
    case Errno::DeadLk: return FsError::Deadlock;
    case Errno::DQuot: return FsError::Quota;
    case Errno::Exist: return FsError::Exist;
    case Errno::FBig: return FsError::FileTooLarge;
    case Errno::IlSeq: return FsError::IllegalByteSequence;
    case Errno::InProgress: return FsError::InProgress;
    case Errno::Intr: return FsError::Interrupted;
    case Errno::Inval: return FsError::Invalid;
    case Errno::IsDir: return FsError::IsDirectory;
    case Errno::Loop: return FsError::Loop;
    case Errno::MLink: return FsError::TooManyLinks;
    case Errno::MsgSize: return FsError::MessageSize;
    case Errno::NameTooLong: return FsError::NameTooLong;
    case Errno::NoDev: return FsError::NoDevice;
    case Errno::NoEnt: return FsError::NoEntry;
    case Errno::NoLck: return FsError::NoLock;
    case Errno::NoMem:
    case Errno::MFile:
    case Errno::NFile: return FsError::InsufficientMemory;
    case Errno::NoSpc: return FsError::InsufficientSpace;
    case Errno::NotDir: return FsError::NotDirectory;
    case Errno::NotEmpty: return FsError::NotEmpty;
    case Errno::NotRecoverable: return FsError::NotRecoverable;
    case Errno::NotSup:
    case Errno::NoSys: return FsError::Unsupported;
    case Errno::NoTty: return FsError::NoTty;
    case Errno::Nxio: return FsError::NoSuchDevice;
    case Errno::Overflow: return FsError::Overflow;
    case Errno::Perm:
    case Errno::NotCapable: return FsError::NotPermitted;
    case Errno::Pipe: return FsError::Pipe;
    case Errno::RoFs: return FsError::ReadOnly;
    case Errno::SPipe: return FsError::InvalidSeek;
    case Errno::TxtBsy: return FsError::TextFileBusy;
    case Errno::XDev: return FsError::CrossDevice;
    default: return FsError::Io;
  }
}

namespace {

DescriptorType type_of(FileType type) {
  switch (type) {
    case FileType::Unknown: return DescriptorType::Unknown;
    case FileType::BlockDevice: return DescriptorType::BlockDevice;
    case FileType::CharacterDevice: return DescriptorType::CharacterDevice;
    case FileType::Directory: return DescriptorType::Directory;
    case FileType::RegularFile: return DescriptorType::RegularFile;
    case FileType::SocketDgram:
    case FileType::SocketStream: return DescriptorType::Socket;
    case FileType::SymbolicLink: return DescriptorType::SymbolicLink;
    case FileType::Fifo: return DescriptorType::Fifo;
  }
  return DescriptorType::Unknown;
}

// Times before 1970 cannot be told.
Datetime to_datetime(Timestamp t) {
  if (t.seconds < 0) return {};
  return {static_cast<uint64_t>(t.seconds), t.nanoseconds};
}

DescriptorStat to_wit(const FileStat& st) {
  return {type_of(st.type), st.links, st.size, to_datetime(st.accessed), to_datetime(st.modified),
          to_datetime(st.changed)};
}

NewTime from_wit(const NewTimestamp& t) {
  if (std::holds_alternative<NoChange>(t)) return {NewTime::Kind::Keep};
  if (std::holds_alternative<Now>(t)) return {NewTime::Kind::Now};
  const auto& at = std::get<Datetime>(t);
  return {NewTime::Kind::At, at.seconds, at.nanoseconds};
}

template <class T>
FsResult<T> told(Io<T> r) {
  if (!r) return std::unexpected(fs_error(r.error()));
  if constexpr (std::is_void_v<T>) return {};
  else return *std::move(r);
}

FsResult<DescriptorStat> told(const Io<FileStat>& st) {
  if (!st) return std::unexpected(fs_error(st.error()));
  return to_wit(*st);
}

template <class R, class T>
FsResult<Own<R>> made(P2Call& c, Io<T> what) {
  if (!what) return std::unexpected(fs_error(what.error()));
  return c.make<R>(nullptr, *std::move(what));
}

Io<std::shared_ptr<OutputStream>> output(Descriptor& d, std::optional<uint64_t> offset) {
  return file_output(SKIFF_IO_TRY(d.need_file()), offset);
}

FsResult<MetadataHash> hash(P2Call& c, const Io<FileStat>& st) {
  if (!st) return std::unexpected(fs_error(st.error()));
  return hash_of(*st, c.state.secret());
}

}  // namespace

FsResult<Own<Input>> read_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset) {
  auto file = self->need_file();
  if (!file) return std::unexpected(fs_error(file.error()));
  return made<Input>(c, file_input(*std::move(file), offset));
}

FsResult<Own<Output>> write_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset) {
  return made<Output>(c, output(*self, offset));
}

FsResult<Own<Output>> append_via_stream(P2Call& c, Borrow<Descriptor> self) {
  return made<Output>(c, output(*self, std::nullopt));
}

FsResult<void> advise(P2Call&, Borrow<Descriptor> self, uint64_t offset, uint64_t length, AdviceKind advice) {
  return told(self->advise(offset, length, advice));
}

FsResult<void> sync_data(P2Call&, Borrow<Descriptor> self) { return told(self->sync(true)); }
FsResult<void> sync(P2Call&, Borrow<Descriptor> self) { return told(self->sync(false)); }
FsResult<DescriptorFlags> get_flags(P2Call&, Borrow<Descriptor> self) { return self->flags(); }
FsResult<DescriptorType> get_type(P2Call&, Borrow<Descriptor> self) { return type_of(self->type()); }
FsResult<void> set_size(P2Call&, Borrow<Descriptor> self, uint64_t size) { return told(self->set_size(size)); }

FsResult<void> set_times(P2Call&, Borrow<Descriptor> self, NewTimestamp accessed, NewTimestamp modified) {
  return told(self->set_times(from_wit(accessed), from_wit(modified)));
}

FsResult<std::tuple<Bytes, bool>> descriptor_read(P2Call& c, Borrow<Descriptor> self, uint64_t length,
                                                  uint64_t offset) {
  const auto into = std::span(c.state.scratch).first(static_cast<size_t>(std::min<uint64_t>(length, kStreamChunk)));
  const iovec v = {into.data(), into.size()};
  const auto file = self->need_file();
  const auto n = file ? (*file)->pread({&v, 1}, offset) : io_fail(file.error());
  if (!n) return std::unexpected(fs_error(n.error()));
  return std::tuple(Bytes(into.first(*n)), *n == 0 && !into.empty());
}

FsResult<uint64_t> descriptor_write(P2Call&, Borrow<Descriptor> self, Bytes buffer, uint64_t offset) {
  const auto file = self->need_file();
  const iovec v = {const_cast<uint8_t*>(buffer.data()), buffer.size()};
  const auto n = file ? (*file)->pwrite({&v, 1}, offset) : io_fail(file.error());
  if (!n) return std::unexpected(fs_error(n.error()));
  return uint64_t{*n};
}

FsResult<Own<EntryStream>> read_directory(P2Call& c, Borrow<Descriptor> self) {
  const auto dir = self->need_dir();
  if (!dir) return std::unexpected(fs_error(dir.error()));
  return c.make<EntryStream>(nullptr, **dir);
}

FsResult<std::optional<DirectoryEntry>> read_directory_entry(P2Call&, Borrow<EntryStream> self) {
  auto entry = self->reader.next();
  if (!entry) return std::unexpected(fs_error(entry.error()));
  if (!*entry) return std::nullopt;
  return DirectoryEntry{type_of((*entry)->type), std::move((*entry)->name)};
}

FsResult<DescriptorStat> stat(P2Call&, Borrow<Descriptor> self) { return told(self->stat()); }
bool is_same_object(P2Call&, Borrow<Descriptor> self, Borrow<Descriptor> other) { return self->is_same(*other); }
FsResult<MetadataHash> metadata_hash(P2Call& c, Borrow<Descriptor> self) { return hash(c, self->stat()); }

std::optional<FsError> filesystem_error_code(P2Call&, Borrow<Error> error) {
  if (error->error.origin != ErrorOrigin::File) return std::nullopt;
  return fs_error(error->error.code);
}

// ---- through paths

FsResult<void> create_directory_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->create_directory_at(path.get()));
}

FsResult<DescriptorStat> stat_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  return told(self->stat_at(flags, path.get()));
}

FsResult<void> set_times_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                            NewTimestamp accessed, NewTimestamp modified) {
  return told(self->set_times_at(flags, path.get(), from_wit(accessed), from_wit(modified)));
}

FsResult<void> link_at(P2Call&, Borrow<Descriptor> self, PathFlags flags, const Text& path,
                       Borrow<Descriptor> new_dir, const Text& new_path) {
  return told(self->link_at(flags, path.get(), *new_dir, new_path.get()));
}

FsResult<Own<Descriptor>> open_at(P2Call& c, Borrow<Descriptor> self, PathFlags path_flags, const Text& path,
                                  OpenFlags open, DescriptorFlags flags) {
  return made<Descriptor>(c, self->open_at(path_flags, path.get(), open, flags));
}

FsResult<std::string> readlink_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->readlink_at(path.get()));
}

FsResult<void> remove_directory_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->remove_directory_at(path.get()));
}

FsResult<void> rename_at(P2Call&, Borrow<Descriptor> self, const Text& path, Borrow<Descriptor> new_dir,
                         const Text& new_path) {
  return told(self->rename_at(path.get(), *new_dir, new_path.get()));
}

FsResult<void> symlink_at(P2Call&, Borrow<Descriptor> self, const Text& target, const Text& path) {
  return told(self->symlink_at(target.get(), path.get()));
}

FsResult<void> unlink_file_at(P2Call&, Borrow<Descriptor> self, const Text& path) {
  return told(self->unlink_file_at(path.get()));
}

FsResult<MetadataHash> metadata_hash_at(P2Call& c, Borrow<Descriptor> self, PathFlags flags, const Text& path) {
  return hash(c, self->stat_at(flags, path.get()));
}

}  // namespace skiff::wasi::p2
