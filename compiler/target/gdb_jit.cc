// The interface of GDB (and LLDB) for code that no file has: a list of ELF files in memory, at a symbol that the
// debugger knows, and a function where it sets a breakpoint to learn of changes. The list is one for the
// process: the protocol wants it so.
#include <elf.h>

#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "compiler/target/code_symbols.h"

extern "C" {
struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
// Names and layout are GDB's.
[[gnu::used, gnu::visibility("default")]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
[[gnu::used, gnu::noinline, gnu::visibility("default")]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
}

namespace skiff::compiler {
namespace {

enum Action : uint32_t { kNone, kRegister, kUnregister };
std::mutex list_mutex;  // guards the descriptor, and the entries of all objects

/// Sections: none, .text (where the code is, without contents), .symtab, .strtab, .shstrtab.
std::string elf_of(const LoadedImage& image, const ModuleInfo& info) {
  static constexpr char kSectionNames[] = "\0.text\0.symtab\0.strtab\0.shstrtab";
  const std::vector<CodeSymbol> symbols = symbols_of(image, info);
  std::string strings(1, '\0');
  std::vector<Elf64_Sym> table(1);
  for (const CodeSymbol& s : symbols) {
    Elf64_Sym& symbol = table.emplace_back();
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbol.st_value = static_cast<Elf64_Addr>(s.address - image.base());
    symbol.st_size = s.size;
    strings += s.name;
    strings += '\0';
  }
  std::string file(sizeof(Elf64_Ehdr), '\0');
  auto append = [&](const void* bytes, size_t size) {
    file.resize((file.size() + 7) & ~size_t{7});
    const size_t at = file.size();
    file.append(static_cast<const char*>(bytes), size);
    return at;
  };
  Elf64_Shdr sections[5] = {};
  sections[1] = {.sh_name = 1, .sh_type = SHT_NOBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                 .sh_addr = reinterpret_cast<Elf64_Addr>(image.base()), .sh_size = image.parts().text_size,
                 .sh_addralign = 16};
  sections[2] = {.sh_name = 7, .sh_type = SHT_SYMTAB, .sh_offset = append(table.data(), table.size() * sizeof(Elf64_Sym)),
                 .sh_size = table.size() * sizeof(Elf64_Sym), .sh_link = 3, .sh_info = 1, .sh_addralign = 8,
                 .sh_entsize = sizeof(Elf64_Sym)};
  sections[3] = {.sh_name = 15, .sh_type = SHT_STRTAB, .sh_offset = append(strings.data(), strings.size()),
                 .sh_size = strings.size(), .sh_addralign = 1};
  sections[4] = {.sh_name = 23, .sh_type = SHT_STRTAB, .sh_offset = append(kSectionNames, sizeof kSectionNames),
                 .sh_size = sizeof kSectionNames, .sh_addralign = 1};
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
#if defined(__x86_64__)
  header.e_machine = EM_X86_64;
#elif defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_RISCV;
#endif
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 5;
  header.e_shstrndx = 4;
  header.e_shoff = append(sections, sizeof sections);
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

class DebuggerInterface final : public CodeListener {
 public:
  ~DebuggerInterface() override {
    const std::lock_guard lock(list_mutex);
    while (!entries_.empty()) remove(entries_.begin());
  }
  void loaded(const LoadedImage& image, const ModuleInfo& info) override {
    if (image.parts().text_size == 0) return;
    auto entry = std::make_unique<Entry>();
    entry->file = elf_of(image, info);
    entry->link = {nullptr, nullptr, entry->file.data(), entry->file.size()};
    const std::lock_guard lock(list_mutex);
    entry->link.next_entry = __jit_debug_descriptor.first_entry;
    if (entry->link.next_entry) entry->link.next_entry->prev_entry = &entry->link;
    __jit_debug_descriptor.first_entry = &entry->link;
    tell(kRegister, entry->link);
    entries_.emplace(&image, std::move(entry));
  }
  void unloaded(const LoadedImage& image) override {
    const std::lock_guard lock(list_mutex);
    const auto at = entries_.find(&image);
    if (at != entries_.end()) remove(at);
  }

 private:
  struct Entry {
    jit_code_entry link;
    std::string file;
  };
  using Entries = std::multimap<const LoadedImage*, std::unique_ptr<Entry>>;

  static void tell(Action action, jit_code_entry& entry) {
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_descriptor.relevant_entry = &entry;
    __jit_debug_register_code();
    __jit_debug_descriptor.action_flag = kNone;
  }
  void remove(Entries::iterator at) {
    jit_code_entry& link = at->second->link;
    (link.prev_entry ? link.prev_entry->next_entry : __jit_debug_descriptor.first_entry) = link.next_entry;
    if (link.next_entry) link.next_entry->prev_entry = link.prev_entry;
    tell(kUnregister, link);
    entries_.erase(at);
  }

  Entries entries_;
};

}  // namespace

std::shared_ptr<CodeListener> make_debugger_interface() { return std::make_shared<DebuggerInterface>(); }

}  // namespace skiff::compiler
