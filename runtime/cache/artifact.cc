// Layout, writing and checking of artifacts.
#include "runtime/cache/artifact.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/bits.h"

namespace skiff {
namespace {

using compiler::ImageParts;
using compiler::NativeImage;
using compiler::PcEntry;

enum Section : size_t {
  kSettings,
  kName,
  kFunctions,
  kArrayEntries,
  kImportThunks,
  kPcTable,
  kFixups,
  kWasm,
  kText,
  kRodata,
  kData,
  kSectionCount
};
constexpr std::array<std::string_view, kSectionCount> kSectionNames = {
    "settings", "name", "functions", "array entries", "import thunks", "pc table",
    "fix-ups",  "wasm", "text",      "rodata",        "data"};
// Bytes of an element; sizes are multiples.
constexpr std::array<uint64_t, kSectionCount> kElementSize = {
    1, 1, 4, 4, 4, sizeof(PcEntry), sizeof(NativeImage::Fixup), 1, 1, 1, 1};
constexpr uint64_t kTableAlignment = 16;

// The first byte is not ASCII, and the line ends do not survive a transfer as text.
constexpr std::array<uint8_t, 8> kMagic = {0x89, 'S', 'K', 'F', '\r', '\n', 0x1A, '\n'};
constexpr uint32_t kByteOrder = 0x01020304;

struct SectionEntry {
  uint64_t offset;
  uint64_t size;
  uint64_t checksum;
};

struct Header {
  std::array<uint8_t, 8> magic;
  uint32_t byte_order;
  uint32_t version;
  uint64_t checksum;  // of the header, with 0 here
  uint64_t file_size;
  Hash128 key;
  uint32_t eh_frame_offset;
  uint32_t eh_frame_size;
  std::array<SectionEntry, kSectionCount> sections;
};
static_assert(sizeof(Header) == 56 + kSectionCount * 24 &&
              std::has_unique_object_representations_v<Header>);
static_assert(sizeof(PcEntry) == 12 && std::has_unique_object_representations_v<PcEntry>);
static_assert(sizeof(NativeImage::Fixup) == 16 &&
              std::has_unique_object_representations_v<NativeImage::Fixup>);

uint64_t header_checksum(Header header) {
  header.checksum = 0;
  return hash64({reinterpret_cast<const uint8_t*>(&header), sizeof header});
}

std::unexpected<Error> unfit(std::string what) {
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, std::move(what));
}
std::unexpected<Error> system_error(const char* what) {
  return fail(ErrorCode::FileError, kNoOffset, kNoIndex,
              std::string(what) + ": " + std::strerror(errno));
}

template <class T>
ByteSpan as_bytes(const std::vector<T>& v) {
  return {reinterpret_cast<const uint8_t*>(v.data()), v.size() * sizeof(T)};
}

// Writes all but pages of zeros, which read as zeros anyway.
bool write_sparse(int fd, uint64_t offset, ByteSpan bytes) {
  constexpr size_t kBlock = 4096;
  auto is_zero = [](ByteSpan b) {
    return std::all_of(b.begin(), b.end(), [](uint8_t byte) { return byte == 0; });
  };
  while (!bytes.empty()) {
    // As many blocks as follow each other without one of zeros.
    size_t n = 0;
    while (n < bytes.size() && !is_zero(bytes.subspan(n, std::min(kBlock, bytes.size() - n))))
      n += std::min(kBlock, bytes.size() - n);
    for (size_t done = 0; done < n;) {
      const ssize_t written =
          ::pwrite(fd, bytes.data() + done, n - done, static_cast<off_t>(offset + done));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      done += static_cast<size_t>(written);
    }
    const size_t step = std::min(bytes.size(), n == 0 ? kBlock : n);
    bytes = bytes.subspan(step);
    offset += step;
  }
  return true;
}

// Beyond the limit a signal would end the process.
bool fits_file_limit(uint64_t size) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
         size <= limit.rlim_cur;
}

// What is remembered of a checked file: which it was, and in which boot. A crash of the machine may
// lose pages of a file that were checked while they were only in memory.
struct CheckMark {
  uint64_t device, inode, size, seconds, nanoseconds, boot;
};
constexpr const char* kMarkName = "user.skiff.checked";

CheckMark mark_of(const struct stat& st) {
  char boot[64];
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd < 0 ? 0 : ::read(fd, boot, sizeof boot);
  if (fd >= 0) ::close(fd);
  return {st.st_dev,
          st.st_ino,
          static_cast<uint64_t>(st.st_size),
          static_cast<uint64_t>(st.st_mtim.tv_sec),
          static_cast<uint64_t>(st.st_mtim.tv_nsec),
          n <= 0 ? 0 : hash64({reinterpret_cast<const uint8_t*>(boot), static_cast<size_t>(n)})};
}

}  // namespace

Status write_artifact(int fd, const ArtifactSource& source) {
  const NativeImage& image = source.image;
  const ImageParts parts = compiler::parts_of(image);
  if (image.bytes.size() != parts.total_size())
    return unfit("native image: not as long as its parts");
  const ByteSpan all(image.bytes);
  std::array<ByteSpan, kSectionCount> contents;
  contents[kSettings] = bytes_of(source.settings);
  contents[kName] = bytes_of(source.name);
  contents[kFunctions] = as_bytes(image.functions);
  contents[kArrayEntries] = as_bytes(image.array_entries);
  contents[kImportThunks] = as_bytes(image.import_thunks);
  contents[kPcTable] = as_bytes(image.pc_table);
  contents[kFixups] = as_bytes(image.fixups);
  contents[kWasm] = source.wasm;
  contents[kText] = all.first(parts.text_size);
  contents[kRodata] = all.subspan(parts.text_size, parts.rodata_size);
  contents[kData] = all.last(parts.data_size);

  Header header{};
  header.magic = kMagic;
  header.byte_order = kByteOrder;
  header.version = kArtifactVersion;
  header.key = source.key;
  header.eh_frame_offset = image.eh_frame_offset;
  header.eh_frame_size = image.eh_frame_size;
  uint64_t end = sizeof header;
  for (size_t s = 0; s < kSectionCount; ++s) {
    if (s <= kText) end = align_up(end, s == kText ? kImageAlignment : kTableAlignment);
    header.sections[s] = {end, contents[s].size(), hash64(contents[s])};
    end += contents[s].size();
  }
  header.file_size = end;
  header.checksum = header_checksum(header);

  if (!fits_file_limit(end)) return errno = EFBIG, system_error("cannot write");
  if (::ftruncate(fd, static_cast<off_t>(end)) != 0) return system_error("cannot write");
  for (size_t s = 0; s < kSectionCount; ++s)
    if (!write_sparse(fd, header.sections[s].offset, contents[s]))
      return system_error("cannot write");
  // Last, so that a file which was not completed is not taken for an artifact.
  if (!write_sparse(fd, 0, {reinterpret_cast<const uint8_t*>(&header), sizeof header}))
    return system_error("cannot write");
  return {};
}

Status save_artifact(const std::string& path, const ArtifactSource& source) {
  auto failed = [](const char* what) {
    return fail(ErrorCode::FileError, kNoOffset, kNoIndex,
                std::string(what) + ": " + std::strerror(errno));
  };
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode))
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "not a regular file");
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return failed("cannot write");
  Status written = write_artifact(fd, source);
  if (::close(fd) != 0 && written) written = failed("cannot write");
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = failed("cannot rename");
  if (!written) ::unlink(temporary.c_str());
  return written;
}

bool has_artifact_magic(ByteSpan bytes) {
  return bytes.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.begin() + 4, bytes.begin());
}

Result<std::shared_ptr<const Artifact>> Artifact::open(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return system_error("fstat");
  if (!S_ISREG(st.st_mode)) return unfit("not a regular file");
  const auto size = static_cast<uint64_t>(st.st_size);
  if (size < sizeof(Header)) return unfit("truncated artifact");
  void* base = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (base == MAP_FAILED) return system_error("mmap");
  std::shared_ptr<const Artifact> artifact(new Artifact(static_cast<const uint8_t*>(base), size));
  SKIFF_TRY(artifact->check_header());
  return artifact;
}

Artifact::~Artifact() { ::munmap(const_cast<uint8_t*>(base_), size_); }

// Everything that later steps rely on.
Status Artifact::check_header() const {
  const Header& header = *reinterpret_cast<const Header*>(base_);
  if (header.magic != kMagic)
    return unfit(has_artifact_magic({base_, size_}) ? "damaged by a transfer as text"
                                                    : "not an artifact");
  if (header.byte_order != kByteOrder) return unfit("artifact for another byte order");
  if (header.version != kArtifactVersion) {
    return unfit("artifact of format version " + std::to_string(header.version) +
                 ", this is version " + std::to_string(kArtifactVersion));
  }
  if (header.checksum != header_checksum(header)) return unfit("damaged artifact: header");
  if (header.file_size != size_)
    return unfit(size_ < header.file_size ? "truncated artifact" : "damaged artifact: file size");
  for (size_t s = 0; s < kSectionCount; ++s) {
    const SectionEntry& section = header.sections[s];
    const uint64_t alignment = s < kText ? kTableAlignment : s == kText ? kImageAlignment : 1;
    if (!in_bounds(section.offset, section.size, size_) || section.offset % alignment != 0 ||
        section.size % kElementSize[s] != 0)
      return unfit("damaged artifact: section " + std::string(kSectionNames[s]));
  }
  // The image is one piece, and its offsets have 32 bits.
  const auto& sections = header.sections;
  if (sections[kRodata].offset != sections[kText].offset + sections[kText].size ||
      sections[kData].offset != sections[kRodata].offset + sections[kRodata].size ||
      sections[kText].size + sections[kRodata].size + sections[kData].size > ~uint32_t{0})
    return unfit("damaged artifact: image");
  return {};
}

ByteSpan Artifact::bytes(size_t section) const {
  const SectionEntry& entry = reinterpret_cast<const Header*>(base_)->sections[section];
  return {base_ + entry.offset, entry.size};
}

template <class T>
std::span<const T> Artifact::table(size_t section) const {
  const ByteSpan raw = bytes(section);
  return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
}

const Hash128& Artifact::key() const { return reinterpret_cast<const Header*>(base_)->key; }
std::string_view Artifact::settings() const {
  const ByteSpan text = bytes(kSettings);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}
std::string_view Artifact::name() const {
  const ByteSpan text = bytes(kName);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}
ByteSpan Artifact::wasm() const { return bytes(kWasm); }

ImageParts Artifact::parts() const {
  const Header& header = *reinterpret_cast<const Header*>(base_);
  ImageParts parts;
  parts.text_size = static_cast<uint32_t>(header.sections[kText].size);
  parts.rodata_size = static_cast<uint32_t>(header.sections[kRodata].size);
  parts.data_size = static_cast<uint32_t>(header.sections[kData].size);
  parts.eh_frame_offset = header.eh_frame_offset;
  parts.eh_frame_size = header.eh_frame_size;
  parts.functions = table<uint32_t>(kFunctions);
  parts.array_entries = table<uint32_t>(kArrayEntries);
  parts.import_thunks = table<uint32_t>(kImportThunks);
  parts.pc_table = table<PcEntry>(kPcTable);
  parts.fixups = table<NativeImage::Fixup>(kFixups);
  return parts;
}

Status Artifact::verify(int fd) const {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return system_error("fstat");
  const CheckMark mark = mark_of(st);
  CheckMark known{};
  if (mark.boot != 0 && ::fgetxattr(fd, kMarkName, &known, sizeof known) == sizeof known &&
      std::memcmp(&known, &mark, sizeof mark) == 0)
    return {};
  const Header& header = *reinterpret_cast<const Header*>(base_);
  for (size_t s = 0; s < kSectionCount; ++s) {
    if (hash64(bytes(s)) != header.sections[s].checksum) {
      return unfit("damaged artifact: checksum of " + std::string(kSectionNames[s]));
    }
  }
  // Not ours, or a file system without attributes: it is checked again next time.
  if (mark.boot != 0) (void)::fsetxattr(fd, kMarkName, &mark, sizeof mark, 0);
  return {};
}

ByteSpan Artifact::image() const { return {bytes(kText).data(), parts().total_size()}; }

Result<std::shared_ptr<const compiler::LoadedImage>> Artifact::load(
    std::shared_ptr<const Artifact> artifact, int fd) {
  const ImageParts parts = artifact->parts();
  for (const NativeImage::Fixup& fixup : parts.fixups) {
    if (fixup.kind > NativeImage::Fixup::Kind::ImageBase) return unfit("damaged artifact: fix-ups");
  }
  const ByteSpan text = artifact->bytes(kText);
  auto mapped = compiler::LoadedImage::from_file(
      fd, static_cast<uint64_t>(text.data() - artifact->base_), parts, artifact);
  if (mapped || mapped.error().code != ErrorCode::FileError) return mapped;
  auto copy = [](auto span) { return std::vector(span.begin(), span.end()); };
  NativeImage image;
  image.bytes.assign(text.data(), text.data() + parts.total_size());
  image.text_size = parts.text_size;
  image.rodata_size = parts.rodata_size;
  image.data_size = parts.data_size;
  image.eh_frame_offset = parts.eh_frame_offset;
  image.eh_frame_size = parts.eh_frame_size;
  image.functions = copy(parts.functions);
  image.array_entries = copy(parts.array_entries);
  image.import_thunks = copy(parts.import_thunks);
  image.pc_table = copy(parts.pc_table);
  image.fixups = copy(parts.fixups);
  return compiler::LoadedImage::from_memory(std::move(image));
}

}  // namespace skiff
