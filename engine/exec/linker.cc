// Resolution of imports by name, with a suggestion when a name is nearly right.
#include "engine/exec/linker.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/exec/link.h"

namespace skiff {
namespace {

// Levenshtein distance, for names short enough that it matters; a large number for others.
size_t distance(std::string_view a, std::string_view b) {
  constexpr size_t kLongest = 64;
  constexpr size_t kFar = kLongest + 1;
  if (a.size() > kLongest || b.size() > kLongest) return kFar;
  std::array<size_t, kLongest + 1> row;
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// Keeps the candidate nearest to a name, if it is near at all: a third of the letters may differ.
class Suggestion {
 public:
  explicit Suggestion(std::string_view wanted) : wanted_(wanted), best_(wanted.size() / 3 + 1) {}
  void consider(std::string_view candidate, std::string shown) {
    const size_t d = distance(wanted_, candidate);
    if (d > best_ || (d == best_ && !text_.empty())) return;
    best_ = d;
    text_ = std::move(shown);
  }
  const std::string& text() const { return text_; }

 private:
  std::string_view wanted_;
  size_t best_;
  std::string text_;
};

std::string qualified(std::string_view module, std::string_view name) {
  return std::string(module).append(".").append(name);
}

}  // namespace

void Linker::put(std::string_view module, std::string_view name, Definition definition) {
  auto it = externs_.find(module);
  if (it == externs_.end()) it = externs_.emplace(std::string(module), decltype(it->second){}).first;
  it->second.insert_or_assign(std::string(name), std::move(definition));
}

void Linker::define(std::string_view module, std::string_view name, Extern value) {
  put(module, name, {.value = std::move(value)});
}

void Linker::define_func(std::string_view module, std::string_view name, const FuncType& type, HostFn fn,
                         void* data) {
  const uint32_t id = engine_.types().add_func_type(type);
  Definition made{.fn = fn, .data = data, .type_id = id};
  made.value.kind = ExternKind::Func;
  if (store_) made.value.func = store_->new_host_func(id, fn, data);
  put(module, name, std::move(made));
}

void Linker::define_instance(std::string_view module, Instance& instance) {
  const std::vector<Export>& exports = instance.info().module.exports;
  for (uint32_t i = 0; i < exports.size(); ++i) define(module, exports[i].name, instance.export_at(i));
}

const Linker::Definition* Linker::definition(std::string_view module, std::string_view name) const {
  auto in = externs_.find(module);
  if (in == externs_.end()) return nullptr;
  auto it = in->second.find(name);
  return it == in->second.end() ? nullptr : &it->second;
}

const Extern* Linker::find(std::string_view module, std::string_view name) const {
  const Definition* found = definition(module, name);
  return found && (store_ || !found->fn) ? &found->value : nullptr;
}

std::string Linker::suggest(std::string_view module, std::string_view name) const {
  if (auto in = externs_.find(module); in != externs_.end()) {
    Suggestion near(name);
    for (const auto& [known, value] : in->second) near.consider(known, qualified(module, known));
    return near.text();
  }
  Suggestion near(module);
  for (const auto& [known, names] : externs_)
    if (names.contains(name)) near.consider(known, qualified(known, name));
  return near.text();
}

Result<const Linker::Definition*> Linker::resolve(const ModuleInfo& info, const Import& import) const {
  if (const Definition* found = definition(import.module, import.name)) return found;
  std::string detail = qualified(import.module, import.name) + " (" + describe_import(info, import) + ")";
  if (const std::string near = suggest(import.module, import.name); !near.empty())
    detail += "; did you mean " + near + "?";
  return fail(ErrorCode::UnknownImport, import.offset, kNoIndex, std::move(detail));
}

RunResult<Instance*> Linker::instantiate(ModulePtr module) {
  SKIFF_CHECK(store_ != nullptr);
  const ModuleInfo& info = module->info();
  std::vector<Extern> imports;
  imports.reserve(info.module.imports.size());
  for (const Import& import : info.module.imports) {
    Result<const Definition*> found = resolve(info, import);
    if (!found) return std::unexpected(Failure{.error = std::move(found).error()});
    imports.push_back((*found)->value);
  }
  return store_->instantiate(std::move(module), imports);
}

}  // namespace skiff
