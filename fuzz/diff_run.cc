// diff_run: differential runs without libFuzzer, reproducible by seed; also writes generated modules to
// files. See docs/fuzzing.md.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/text/text.h"
#include "fuzz/entropy.h"
#include "fuzz/gen.h"
#include "fuzz/run.h"

namespace {

using namespace skiff;
namespace fs = std::filesystem;

constexpr const char* kUsage =
    "diff_run [--seed N] [--count M] [--pair A,B]   compare M generated modules, from seed N on\n"
    "diff_run --wasm FILE [--pair A,B] [--show]     compare one module (binary or text)\n"
    "diff_run --dump SEED FILE                      write the module of a seed (.wat: as text)\n"
    "diff_run --input FILE OUT                      write the module of a fuzzer's input\n"
    "diff_run [--pair A,B] --reduce SEED OUT        write a small module that differs like that of the seed\n"
    "diff_run --write-seeds DIR                     write seeds for the corpora of the fuzz targets\n"
    "A, B: a tier, with +checked (no guard pages) or +gcstress; default: all pairs of this build\n"
    "--show prints everything that was observed in the first configuration\n";

using Pairs = std::vector<std::pair<fuzz::Configuration, fuzz::Configuration>>;

struct Arguments {
  uint64_t seed = 0;
  uint64_t count = 1000;
  Pairs pairs;
  std::string wasm;
  bool show = false;
};

std::vector<uint8_t> input_of(uint64_t seed) {
  return fuzz::bytes_of_seed(seed, size_t{128} << (seed % 6));
}

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool write_file(const fs::path& path, ByteSpan bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return out.good();
}

std::string text_of(ByteSpan binary) {
  const Result<Module> module = decode_module({binary, nullptr}, Features::all());
  if (!module) return {};
  const Result<std::string> text = print_wat(*module);
  return text ? *text : std::string();
}

bool write_module(const fs::path& path, ByteSpan entropy) {
  const std::vector<uint8_t> binary = fuzz::generate_binary(entropy, fuzz::options_of(entropy));
  if (path.extension() != ".wat") return write_file(path, binary);
  const std::string text = text_of(binary);
  return write_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// What each fuzz target takes: modules, texts, decisions.
int write_seeds(const fs::path& dir) {
  constexpr std::string_view kTargets[] = {"decode_fuzz", "roundtrip_fuzz", "validate_fuzz", "text_fuzz",
                                           "gen_fuzz",    "diff_fuzz",      "component_call_fuzz"};
  for (uint64_t seed = 0; seed < 24; ++seed) {
    const std::string name = "seed-" + std::to_string(seed);
    const std::vector<uint8_t> input = fuzz::bytes_of_seed(seed, size_t{64} << (seed % 5));
    for (const std::string_view target : kTargets) {
      std::error_code ignored;
      fs::create_directories(dir / target, ignored);
      const bool decisions = target == "gen_fuzz" || target == "diff_fuzz" || target == "component_call_fuzz";
      const bool text = target == "text_fuzz";
      const fs::path path = dir / target / (name + (text ? ".wat" : ""));
      if (!(decisions ? write_file(path, input) : write_module(path, input))) {
        std::fprintf(stderr, "diff_run: cannot write %s\n", path.c_str());
        return 2;
      }
    }
  }
  return 0;
}

int compare_file(const Arguments& arguments) {
  std::vector<uint8_t> binary = read_file(arguments.wasm);
  if (!has_wasm_magic(binary)) {
    auto made = wat_to_binary({reinterpret_cast<const char*>(binary.data()), binary.size()}, Features::all());
    if (!made) {
      std::fprintf(stderr, "diff_run: %s: %s\n", arguments.wasm.c_str(), made.error().message().c_str());
      return 2;
    }
    binary = std::move(*made);
  }
  bool same = true;
  for (const auto& [left, right] : arguments.pairs) {
    const fuzz::Report report = fuzz::run(binary, left);
    if (arguments.show && &left == &arguments.pairs[0].first)
      for (const std::string& line : report.lines) std::printf("%s\n", line.c_str());
    const std::string found = fuzz::difference(report, fuzz::run(binary, right));
    if (found.empty()) continue;
    std::printf("%s <> %s: %s\n", left.name.c_str(), right.name.c_str(), found.c_str());
    same = false;
  }
  return same ? 0 : 1;
}

std::string difference_of(ByteSpan input, const Pairs& pairs, size_t pair) {
  const std::vector<uint8_t> binary = fuzz::generate_binary(input, fuzz::options_of(input));
  return fuzz::difference(fuzz::run(binary, pairs[pair].first), fuzz::run(binary, pairs[pair].second));
}

// What a difference is about: its text without numbers.
std::string kind_of(std::string_view text) {
  std::string kind;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hex = i + 1 < text.size() && text[i] == '0' && text[i + 1] == 'x';
    if (hex) ++i;
    while (i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i])) &&
           (hex || std::isdigit(static_cast<unsigned char>(text[i]))))
      ++i;
    if (i < text.size()) kind += text[i];
  }
  return kind;
}

// Clears ever smaller pieces of the input, whose zeros are the simplest choices, while the difference stays.
int reduce(const Arguments& arguments, uint64_t seed, const std::string& out) {
  std::vector<uint8_t> input = input_of(seed);
  size_t pair = 0;
  std::string found;
  for (; pair < arguments.pairs.size() && found.empty(); ++pair) found = difference_of(input, arguments.pairs, pair);
  if (found.empty()) {
    std::fprintf(stderr, "diff_run: no difference\n");
    return 2;
  }
  --pair;
  const std::string kind = kind_of(found);
  const auto still = [&](const std::vector<uint8_t>& smaller) {
    return kind_of(difference_of(smaller, arguments.pairs, pair)) == kind;
  };
  // Byte 0 holds options.
  for (size_t piece = input.size() / 2; piece > 0; piece /= 2) {
    for (size_t at = 1; at < input.size(); at += piece) {
      std::vector<uint8_t> smaller = input;
      const auto first = smaller.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = smaller.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, input.size()));
      std::vector<uint8_t> shorter = smaller;
      shorter.erase(shorter.begin() + (first - smaller.begin()), shorter.begin() + (last - smaller.begin()));
      if (still(shorter)) {
        input = shorter;
        continue;
      }
      if (std::all_of(first, last, [](uint8_t b) { return b == 0; })) continue;
      std::fill(first, last, uint8_t{0});
      if (still(smaller)) input = smaller;
    }
  }
  std::printf("%s <> %s: %s\n", arguments.pairs[pair].first.name.c_str(), arguments.pairs[pair].second.name.c_str(),
              difference_of(input, arguments.pairs, pair).c_str());
  return write_module(out, input) ? 1 : 2;
}

int compare_seeds(const Arguments& arguments) {
  uint64_t differences = 0, calls = 0, traps = 0, refused = 0, bytes = 0;
  for (uint64_t seed = arguments.seed; seed < arguments.seed + arguments.count; ++seed) {
    const std::vector<uint8_t> input = input_of(seed);
    const std::vector<uint8_t> binary = fuzz::generate_binary(input, fuzz::options_of(input));
    bytes += binary.size();
    for (const auto& [left, right] : arguments.pairs) {
      const fuzz::Report a = fuzz::run(binary, left), b = fuzz::run(binary, right);
      const std::string found = fuzz::difference(a, b);
      calls += a.calls;
      traps += a.traps;
      refused += !a.refused.empty() || !b.refused.empty();
      if (found.empty()) continue;
      ++differences;
      std::printf("seed %llu  %s <> %s  %s\n", static_cast<unsigned long long>(seed), left.name.c_str(),
                  right.name.c_str(), found.c_str());
      std::fflush(stdout);
    }
  }
  const auto n = [](uint64_t v) { return static_cast<unsigned long long>(v); };
  std::printf("%llu modules of %llu bytes on average, %zu pairs, %llu calls, %llu traps, %llu refused, "
              "%llu differences\n",
              n(arguments.count), n(arguments.count ? bytes / arguments.count : 0), arguments.pairs.size(),
              n(calls), n(traps), n(refused), n(differences));
  return differences == 0 ? 0 : 1;
}

bool parse_pair(std::string_view text, Pairs& pairs) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  auto a = fuzz::parse_configuration(text.substr(0, comma));
  auto b = fuzz::parse_configuration(text.substr(comma + 1));
  for (const auto* made : {&a, &b}) {
    if (*made) continue;
    std::fprintf(stderr, "diff_run: %s\n", made->error().message().c_str());
    return false;
  }
  pairs.emplace_back(std::move(*a), std::move(*b));
  return true;
}

bool parse_number(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

int usage() {
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t left = words.size() - i - 1;
    const std::string& word = words[i];
    if (word == "--show") {
      arguments.show = true;
    } else if (word == "--write-seeds" && left == 1) {
      return write_seeds(words[i + 1]);
    } else if (word == "--dump" && left == 2) {
      uint64_t seed = 0;
      if (!parse_number(words[i + 1], seed)) return usage();
      return write_module(words[i + 2], input_of(seed)) ? 0 : 2;
    } else if (word == "--input" && left == 2) {
      return write_module(words[i + 2], read_file(words[i + 1])) ? 0 : 2;
    } else if (word == "--reduce" && left == 2) {
      uint64_t seed = 0;
      if (!parse_number(words[i + 1], seed)) return usage();
      if (arguments.pairs.empty()) arguments.pairs = fuzz::default_pairs();
      return reduce(arguments, seed, words[i + 2]);
    } else if (word == "--wasm" && left > 0) {
      arguments.wasm = words[++i];
    } else if (word == "--pair" && left > 0) {
      if (!parse_pair(words[++i], arguments.pairs)) return usage();
    } else if (word == "--seed" && left > 0) {
      if (!parse_number(words[++i], arguments.seed)) return usage();
    } else if (word == "--count" && left > 0) {
      if (!parse_number(words[++i], arguments.count)) return usage();
    } else {
      return usage();
    }
  }
  if (arguments.pairs.empty()) arguments.pairs = fuzz::default_pairs();
  return arguments.wasm.empty() ? compare_seeds(arguments) : compare_file(arguments);
}
