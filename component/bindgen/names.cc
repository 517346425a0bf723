// Which names C++ has taken.
#include "component/bindgen/names.h"

#include <algorithm>
#include <array>

namespace skiff::component::bindgen {
namespace {

// Keywords and alternative tokens of C++, sorted; names that our own headers or the C library's macros use.
constexpr std::array kTaken = std::to_array<std::string_view>({
    "alignas", "alignof", "alloca", "and", "and_eq", "asm", "assert", "atomic_cancel", "atomic_commit",
    "atomic_noexcept", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t", "char32_t",
    "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval",
    "constexpr", "constinit", "continue", "contract_assert", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "errno", "explicit", "export", "exports", "extern", "false", "float", "for",
    "friend", "goto", "if", "inline", "int", "int16_t", "int32_t", "int64_t", "int8_t", "linux", "long", "major",
    "makedev", "minor", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "offsetof",
    "operator", "or", "or_eq", "private", "protected", "public", "reflexpr", "register", "reinterpret_cast",
    "requires", "return", "setjmp", "short", "signed", "sizeof", "skiff", "static", "static_assert", "static_cast",
    "std", "stderr", "stdin", "stdout", "struct", "switch", "synchronized", "template", "this", "thread_local",
    "throw", "true", "try", "typedef", "typeid", "typename", "uint16_t", "uint32_t", "uint64_t", "uint8_t", "union",
    "unix", "unsigned", "using", "va_arg", "va_copy", "va_end", "va_start", "virtual", "void", "volatile", "wchar_t",
    "while", "wit", "xor", "xor_eq",
});
static_assert(std::ranges::is_sorted(kTaken));

// Functions and objects of the C library that short package names could meet.
constexpr std::array kGlobal = std::to_array<std::string_view>({
    "abort", "abs", "accept", "access", "acos", "alarm", "asin", "atan", "atof", "atoi", "atol", "basename", "bind",
    "brk", "bsearch", "calloc", "ceil", "chdir", "chmod", "chown", "clock", "close", "connect", "cos", "creat",
    "ctime", "daemon", "div", "dup", "encrypt", "environ", "erf", "execl", "execv", "exit", "exp", "fabs", "fdim",
    "ffs", "fgets", "floor", "fma", "fmax", "fmin", "fmod", "fork", "fputs", "fread", "free", "frexp", "fsync",
    "gamma", "getenv", "gets", "hypot", "index", "ioctl", "isnan", "j0", "j1", "jn", "kill", "labs", "ldexp", "ldiv",
    "lgamma", "link", "listen", "log", "logb", "lrint", "lseek", "main", "malloc", "mkdir", "mktime", "modf", "nan",
    "nice", "open", "pause", "perror", "pipe", "poll", "pow", "printf", "putc", "putenv", "puts", "qsort", "raise",
    "rand", "random", "read", "realloc", "recv", "remove", "rename", "rewind", "rindex", "rint", "rmdir", "round",
    "scanf", "select", "send", "shutdown", "signal", "sin", "sleep", "socket", "sqrt", "srand", "stat", "strlen",
    "swab", "symlink", "sync", "syscall", "system", "tan", "tgamma", "time", "timezone", "trunc", "truncate", "ungetc",
    "unlink", "usleep", "utime", "vfork", "wait", "write", "y0", "y1", "yn",
});
static_assert(std::ranges::is_sorted(kGlobal));

std::string snake(std::string_view label) {
  std::string out;
  for (const char c : label)
    out += c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace

std::string identifier(std::string_view label) {
  std::string out = snake(label);
  if (std::ranges::binary_search(kTaken, std::string_view(out))) out += '_';
  return out;
}

std::string top_namespace(std::string_view label) {
  std::string out = identifier(label);
  if (std::ranges::binary_search(kGlobal, std::string_view(out))) out += '_';
  return out;
}

std::string NameSet::add(std::string name) {
  while (!names_.insert(name).second) name += '_';
  return name;
}

}  // namespace skiff::component::bindgen
