// Describing this machine and this build.
#include "runtime/cache/settings.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "compiler/llvm/compiler_api.h"
#include "compiler/target/compiler_library.h"
#include "compiler/target/native_libcalls.h"
#include "runtime/cache/artifact.h"
#include "runtime/cache/hash.h"
#include "runtime/version.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace skiff {
namespace {

constexpr std::string_view kArch =
#if defined(__x86_64__)
    "x86_64";
#elif defined(__aarch64__)
    "aarch64";
#elif defined(__riscv)
    "riscv64";
#else
    "unknown";
#endif

std::string hex(uint64_t n) {
  char buffer[20];
  std::snprintf(buffer, sizeof buffer, "%llx", static_cast<unsigned long long>(n));
  return buffer;
}

// What the CPU and the system say that code may use. Nothing that differs between cores (APIC ids).
std::vector<uint64_t> cpu_words() {
  std::vector<uint64_t> words;
#if defined(__x86_64__)
  std::array<unsigned, 4> r{};
  auto ask = [&](unsigned leaf, unsigned sub) {
    if (!__get_cpuid_count(leaf, sub, &r[0], &r[1], &r[2], &r[3])) r = {};
    return r;
  };
  constexpr unsigned kOsXsave = 1u << 27, kAvx10 = 1u << 19;
  const auto basic = ask(1, 0);
  words.insert(words.end(), {basic[0], basic[2], basic[3]});
  if (basic[2] & kOsXsave) {
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    words.push_back(uint64_t{high} << 32 | low);
  }
  const auto extended = ask(7, 0);
  words.insert(words.end(), {extended[1], extended[2], extended[3]});
  if (extended[0] >= 1) {
    const auto more = ask(7, 1);
    words.insert(words.end(), more.begin(), more.end());
    if (more[3] & kAvx10) words.push_back(ask(0x24, 0)[1]);
  }
  words.push_back(ask(0xD, 1)[0]);
  const auto amd = ask(0x80000001, 0);
  words.insert(words.end(), {amd[2], amd[3], ask(0x80000008, 0)[1]});
#else
  words = {getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
#endif
#if defined(__aarch64__)
  // Which CPU it is: of the first core, since cores may differ.
  char midr[32] = {};
  const int fd =
      ::open("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && ::read(fd, midr, sizeof midr - 1) > 0)
    words.push_back(std::strtoull(midr, nullptr, 16));
  if (fd >= 0) ::close(fd);
#elif defined(__riscv)
  // The capabilities above only know extensions of one letter. riscv_hwprobe: vendor, architecture,
  // implementation, base, extensions; of all cores.
  struct {
    int64_t key;
    uint64_t value;
  } probes[] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}};
  constexpr long kHwprobe = 258;
  if (::syscall(kHwprobe, probes, std::size(probes), 0, nullptr, 0) == 0)
    for (const auto& probe : probes) words.push_back(probe.key < 0 ? 0 : probe.value);
#endif
  return words;
}

std::string native_cpu() {
  std::string text = "native:";
  for (const uint64_t word : cpu_words()) text += hex(word) + ".";
  text.pop_back();
  return text;
}

// Of everything that the layout of the run-time structures and the table of library calls say:
// names, order, signatures. The same on all 64-bit machines, since code is also made on one for
// another. Changes of meaning raise kCompilerVersion.
constexpr std::string_view kLibcalls =
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) #NAME " " #RESULT " " ARGS ";"
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
    ;

uint64_t abi_hash() {
  const std::array<uint32_t, 15> layout = {sizeof(VmCtx),
                                           offsetof(VmCtx, memory0_base),
                                           offsetof(VmCtx, funcs),
                                           offsetof(VmCtx, elems),
                                           offsetof(VmCtx, libcalls),
                                           sizeof(VmStore),
                                           offsetof(VmStore, interrupt),
                                           offsetof(VmStore, caller),
                                           offsetof(VmStore, tail_callee),
                                           sizeof(FuncInst),
                                           offsetof(FuncInst, native_entry),
                                           offsetof(FuncInst, native_vm_store),
                                           sizeof(MemoryInst),
                                           sizeof(TableInst),
                                           sizeof(GlobalInst)};
  const Hash128 hash = hash128(
      {bytes_of(kLibcalls), {reinterpret_cast<const uint8_t*>(layout.data()), sizeof layout}});
  return hash[0];
}

bool cpu_reaches(std::string_view level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (level == "x86-64") return true;
  if (level == "x86-64-v2") return __builtin_cpu_supports("x86-64-v2");
  if (level == "x86-64-v3") return __builtin_cpu_supports("x86-64-v3");
  if (level == "x86-64-v4") return __builtin_cpu_supports("x86-64-v4");
#endif
  return level == "baseline";
}

// Takes the first line off.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

std::string file_identity(const std::string& path) {
  struct stat st{};
  if (path.empty() || ::stat(path.c_str(), &st) != 0) return "-";
  return hex(st.st_dev) + ":" + hex(st.st_ino) + ":" + hex(static_cast<uint64_t>(st.st_size)) +
         ":" + hex(static_cast<uint64_t>(st.st_mtim.tv_sec)) + "." +
         hex(static_cast<uint64_t>(st.st_mtim.tv_nsec));
}

std::string own_file() {
  // A program is known to the loader by how it was called: not a path to rely on.
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&own_file), &info) == 0 || !info.dli_fname ||
      info.dli_fname[0] != '/')
    return "/proc/self/exe";
  return info.dli_fname;
}

}  // namespace

CodeTarget native_target() { return {std::string(kArch), native_cpu(), "", ""}; }

Result<CodeTarget> parse_target(std::string_view name) {
  if (name == "native") return native_target();
  if (name == "baseline") return CodeTarget{std::string(kArch), "baseline", "", "baseline"};
  for (const std::string_view level : {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"})
    if (name == level)
      return CodeTarget{"x86_64", std::string(level), "x86_64-unknown-linux-gnu",
                        std::string(level)};
  for (const std::string_view arch : {"aarch64", "riscv64"}) {
    if (name == arch)
      return CodeTarget{std::string(arch), "baseline", std::string(arch) + "-unknown-linux-gnu",
                        "baseline"};
  }
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              "unknown target '" + std::string(name) +
                  "'; known targets: native, baseline, x86-64, x86-64-v2, x86-64-v3, x86-64-v4, "
                  "aarch64, riscv64");
}

std::string code_settings(const CodeTarget& target, Features features, const Tunables& tunables) {
  std::string text = "format=" + std::to_string(kArtifactVersion);
  text += "\nskiff=" + std::string(kVersion);
  text += "\ncompiler=" + std::to_string(compiler::kCompilerVersion);
  text += "\nabi=" + hex(abi_hash());
  text += "\narch=" + target.arch;
  text += "\nfeatures=" + hex(features.bits());
  text += "\nguard-pages=" + std::to_string(tunables.guard_pages);
  text += "\ninterruptible=" + std::to_string(tunables.interruptible);
  text += "\nfuel=" + std::to_string(tunables.fuel);
  text += "\ncpu=" + target.cpu;
  return text + "\n";
}

Status check_settings(std::string_view have, std::string_view want) {
  while (!have.empty() || !want.empty()) {
    const std::string_view ours = take_line(want), theirs = take_line(have);
    if (ours == theirs) continue;
    constexpr std::string_view kCpu = "cpu=";
    if (ours.starts_with(kCpu) && theirs.starts_with(kCpu) &&
        cpu_reaches(theirs.substr(kCpu.size())))
      continue;
    return fail(
        ErrorCode::Unsupported, kNoOffset, kNoIndex,
        "made with other settings: " + std::string(theirs) + ", needed is " + std::string(ours));
  }
  return {};
}

std::string build_identity() {
  return file_identity(own_file()) + " " + file_identity(compiler::find_llvm_compiler());
}

}  // namespace skiff
