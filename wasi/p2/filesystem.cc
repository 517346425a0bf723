// wasi:filesystem: what works on an open descriptor. Descriptors of directories may change what is in them when
// their tree is writable; whether a program said so when it opened them does not matter (programs often do not).
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "engine/base/utf8.h"
#include "wasi/os/file_stream.h"
#include "wasi/p2/filesystem.h"

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

namespace {

// Times before 1970 cannot be told.
Datetime to_datetime(Timestamp t) {
  if (t.seconds < 0) return {};
  return {static_cast<uint64_t>(t.seconds), t.nanoseconds};
}

}  // namespace

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

MetadataHash hash_of(const FileStat& st, uint64_t secret) {
  const uint64_t facts[] = {st.device, st.inode, st.size, static_cast<uint64_t>(st.modified.seconds),
                            st.modified.nanoseconds, static_cast<uint64_t>(st.type)};
  const XXH128_hash_t h = XXH3_128bits_withSeed(facts, sizeof facts, secret);
  return {h.low64, h.high64};
}

FsResult<Own<Input>> read_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset) {
  SKIFF_FS_TRY(file_of(self));
  return c.make<Input>(nullptr,
                       SKIFF_FS_TRY(told(file_input(std::get<std::shared_ptr<File>>(self->what), offset))));
}

FsResult<Own<Output>> write_via_stream(P2Call& c, Borrow<Descriptor> self, uint64_t offset) {
  SKIFF_FS_TRY(file_of(self));
  return c.make<Output>(nullptr,
                        SKIFF_FS_TRY(told(file_output(std::get<std::shared_ptr<File>>(self->what), offset))));
}

FsResult<Own<Output>> append_via_stream(P2Call& c, Borrow<Descriptor> self) {
  SKIFF_FS_TRY(file_of(self));
  auto out = file_output(std::get<std::shared_ptr<File>>(self->what), std::nullopt);
  return c.make<Output>(nullptr, SKIFF_FS_TRY(told(std::move(out))));
}

FsResult<void> advise(P2Call&, Borrow<Descriptor> self, uint64_t offset, uint64_t length, AdviceKind advice) {
  File* const file = self->file();
  if (!file) return std::unexpected(FsError::BadDescriptor);
  return told(file->advise(offset, length, static_cast<Advice>(advice)));  // numbered alike
}

namespace {

FsResult<void> sync_file(Descriptor& d, bool data_only) {
  if (Dir* dir = d.dir()) return dir->access() == Access::ReadOnly ? FsResult<void>() : told(dir->sync());
  File* const file = d.file();
  if (!file->writable()) return {};
  const auto r = data_only ? file->datasync() : file->sync();
  if (!r && r.error() == Errno::Inval) return {};  // a pipe or the like: nothing to synchronise
  return told(r);
}

}  // namespace

FsResult<void> sync_data(P2Call&, Borrow<Descriptor> self) { return sync_file(*self, true); }
FsResult<void> sync(P2Call&, Borrow<Descriptor> self) { return sync_file(*self, false); }

FsResult<DescriptorFlags> get_flags(P2Call&, Borrow<Descriptor> self) {
  using F = DescriptorFlags;
  if (const Dir* dir = self->dir())
    return F{static_cast<uint8_t>(F::kRead | (dir->access() == Access::ReadWrite ? F::kMutate : 0))};
  const File& f = *self->file();
  return F{static_cast<uint8_t>((f.readable() ? F::kRead : 0) | (f.writable() ? F::kWrite : 0) |
                                (f.sync_writes() ? F::kFileSync : 0) | (f.dsync() ? F::kDataSync : 0) |
                                (f.rsync() ? F::kReadSync : 0))};
}

FsResult<DescriptorType> get_type(P2Call&, Borrow<Descriptor> self) {
  return self->dir() ? DescriptorType::Directory : type_of(self->file()->type());
}

FsResult<void> set_size(P2Call&, Borrow<Descriptor> self, uint64_t size) {
  File* const file = SKIFF_FS_TRY(file_of(self));
  if (file->access() == Access::ReadOnly) return std::unexpected(FsError::ReadOnly);
  if (!file->writable()) return std::unexpected(FsError::BadDescriptor);
  return told(file->set_size(size));
}

FsResult<void> set_times(P2Call&, Borrow<Descriptor> self, NewTimestamp accessed, NewTimestamp modified) {
  if (Dir* dir = self->dir()) {
    SKIFF_FS_TRY(need_mutate(*dir));
    return told(dir->set_times(from_wit(accessed), from_wit(modified)));
  }
  File& file = *self->file();
  if (file.access() == Access::ReadOnly) return std::unexpected(FsError::ReadOnly);
  return told(file.set_times(from_wit(accessed), from_wit(modified)));
}

FsResult<std::tuple<Bytes, bool>> descriptor_read(P2Call& c, Borrow<Descriptor> self, uint64_t length,
                                                  uint64_t offset) {
  File* const file = SKIFF_FS_TRY(file_of(self));
  const auto into = std::span(c.state.scratch).first(static_cast<size_t>(std::min<uint64_t>(length, kStreamChunk)));
  const iovec v = {into.data(), into.size()};
  const size_t n = SKIFF_FS_TRY(told(file->pread({&v, 1}, offset)));
  return std::tuple(Bytes(into.first(n)), n == 0 && !into.empty());
}

FsResult<uint64_t> descriptor_write(P2Call&, Borrow<Descriptor> self, Bytes buffer, uint64_t offset) {
  File* const file = SKIFF_FS_TRY(file_of(self));
  const iovec v = {const_cast<uint8_t*>(buffer.data()), buffer.size()};
  return uint64_t{SKIFF_FS_TRY(told(file->pwrite({&v, 1}, offset)))};
}

FsResult<Own<EntryStream>> read_directory(P2Call& c, Borrow<Descriptor> self) {
  return c.make<EntryStream>(nullptr, *SKIFF_FS_TRY(dir_of(self)));
}

FsResult<std::optional<DirectoryEntry>> read_directory_entry(P2Call&, Borrow<EntryStream> self) {
  constexpr size_t kBatch = 128;
  while (self->batch.empty() && !self->done) {
    size_t seen = 0;
    SKIFF_FS_TRY(told(self->dir.read_entries(self->cookie, 16 << 10, [&](const DirEntry& e) {
      self->cookie = e.next;
      if (e.name != "." && e.name != "..") self->batch.push_back({e.type, std::string(e.name)});
      return ++seen < kBatch;
    })));
    self->done = seen < kBatch;
    std::reverse(self->batch.begin(), self->batch.end());
  }
  if (self->batch.empty()) return std::nullopt;
  const EntryStream::Entry entry = std::move(self->batch.back());
  self->batch.pop_back();
  if (!is_utf8(entry.name)) return std::unexpected(FsError::IllegalByteSequence);
  return DirectoryEntry{type_of(entry.type), entry.name};
}

FsResult<DescriptorStat> stat(P2Call&, Borrow<Descriptor> self) {
  return to_wit(SKIFF_FS_TRY(told(stat_of(*self))));
}

bool is_same_object(P2Call&, Borrow<Descriptor> self, Borrow<Descriptor> other) {
  const auto a = stat_of(*self), b = stat_of(*other);
  return a && b && a->device == b->device && a->inode == b->inode;
}

FsResult<MetadataHash> metadata_hash(P2Call& c, Borrow<Descriptor> self) {
  return hash_of(SKIFF_FS_TRY(told(stat_of(*self))), c.state.secret);
}

std::optional<FsError> filesystem_error_code(P2Call&, Borrow<Error> error) {
  if (error->error.origin != ErrorOrigin::File) return std::nullopt;
  return fs_error(error->error.code);
}

std::vector<std::tuple<Own<Descriptor>, std::string>> get_directories(P2Call& c) {
  std::vector<std::tuple<Own<Descriptor>, std::string>> all;
  for (const Preopen& p : c.state.ctx.preopens)
    all.emplace_back(c.make<Descriptor>(nullptr, Dir::Opened(p.dir)), p.guest_path);
  return all;
}

}  // namespace skiff::wasi::p2
