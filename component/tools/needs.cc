// Counting flat values. Saturating: more than kMany is all the same. Recursion: bounded by
// kMaxDepth; validation refuses types that deep.
#include "component/tools/needs.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "component/tools/wit_names.h"
#include "component/types/flatten.h"

namespace skiff::component::tools {
namespace {

constexpr uint32_t kMany = 1000;
constexpr uint32_t kMaxDepth = 200;
constexpr uint32_t kMaxSteps = 100'000;

struct Flat {
  uint32_t count = 0;
  bool pointer = false;
};

class Counter {
 public:
  explicit Counter(const Resolve& resolve) : r_(resolve) {}

  Flat of(const Type& type, uint32_t depth = 0) {
    if (const Primitive* p = std::get_if<Primitive>(&type))
      return *p == Primitive::String ? Flat{2, true} : Flat{1, false};
    const TypeId id = std::get<TypeId>(type);
    if (const auto found = memo_.find(id.index); found != memo_.end()) return found->second;
    const Flat flat = depth > kMaxDepth ? Flat{kMany, true} : of_body(r_[id].body, depth + 1);
    return memo_[id.index] = flat;
  }

  // Of what a future or stream carries; nothing when it carries none.
  std::optional<Flat> of_payload(TypeId id) {
    std::optional<Flat> flat;
    each_type(r_[id].body, [&](const Type& part) { flat = of(part); });
    return flat;
  }

  Flat of_params(const Function& f) {
    Flat sum;
    for (const Param& p : f.params) add(sum, of(p.type));
    return sum;
  }
  Flat of_result(const Function& f) { return f.result ? of(*f.result) : Flat{}; }

 private:
  static void add(Flat& sum, Flat part) {
    sum = {std::min(kMany, sum.count + part.count), sum.pointer || part.pointer};
  }

  Flat of_body(const TypeBody& body, uint32_t depth) {
    if (std::holds_alternative<Enum>(body)) return {1, false};
    if (const auto* flags = std::get_if<Flags>(&body))
      return {flags->flags.empty() ? 0u : 1u, false};
    if (std::holds_alternative<Map>(body)) return {2, true};
    if (const auto* list = std::get_if<List>(&body)) {
      if (!list->length) return {2, true};
      const Flat element = of(list->element, depth);
      const uint64_t count = uint64_t{element.count} * *list->length;
      return {static_cast<uint32_t>(std::min<uint64_t>(count, kMany)), element.pointer};
    }
    if (std::holds_alternative<Own>(body) || std::holds_alternative<Borrow>(body) ||
        std::holds_alternative<Stream>(body) || std::holds_alternative<Future>(body))
      return {1, false};
    const bool sum = std::holds_alternative<Variant>(body) ||
                     std::holds_alternative<Option>(body) || std::holds_alternative<ResultOf>(body);
    Flat total;
    each_type(body, [&](const Type& part) {
      const Flat flat = of(part, depth);
      if (!sum) return add(total, flat);
      total = {std::max(total.count, flat.count), total.pointer || flat.pointer};
    });
    if (sum) ++total.count;
    return total;
  }

  const Resolve& r_;
  std::unordered_map<uint32_t, Flat> memo_;
};

// Appends the futures and streams of a type. Each type is entered as often as it is met, in number
// bounded by kMaxSteps; deeper ones than kMaxDepth are refused by validation.
void find_payloads(const Resolve& resolve, const Type& type, uint32_t depth, uint32_t& steps,
                   std::vector<TypeId>& out) {
  const TypeId* id = std::get_if<TypeId>(&type);
  if (!id || depth > kMaxDepth || ++steps > kMaxSteps) return;
  const TypeBody& body = resolve[*id].body;
  each_type(body, [&](const Type& part) { find_payloads(resolve, part, depth + 1, steps, out); });
  if (std::holds_alternative<Stream>(body) || std::holds_alternative<Future>(body))
    out.push_back(*id);
}

}  // namespace

std::vector<TypeId> payloads_of(const Resolve& resolve, const Function& f) {
  std::vector<TypeId> out;
  uint32_t steps = 0;
  for (const Param& p : f.params) find_payloads(resolve, p.type, 0, steps, out);
  if (f.result) find_payloads(resolve, *f.result, 0, steps, out);
  return out;
}

Needs needs_of_transfer(const Resolve& resolve, TypeId id, bool read) {
  const std::optional<Flat> flat = Counter(resolve).of_payload(id);
  return {flat.has_value(), read && flat && flat->pointer};
}

Needs needs_of_lower(const Resolve& resolve, const Function& f, bool async_) {
  Counter counter(resolve);
  const Flat params = counter.of_params(f), result = counter.of_result(f);
  const uint32_t max_params = async_ ? kMaxFlatAsyncParams : kMaxFlatParams;
  const uint32_t max_results = async_ ? 0 : kMaxFlatResults;
  return {
      params.pointer || params.count > max_params || result.pointer || result.count > max_results,
      result.pointer};
}

Needs needs_of_lift(const Resolve& resolve, const Function& f, bool async_) {
  Counter counter(resolve);
  const Flat params = counter.of_params(f), result = counter.of_result(f);
  const bool realloc = params.pointer || params.count > kMaxFlatParams;
  if (async_) return {realloc, realloc};
  return {realloc || result.pointer || result.count > kMaxFlatResults, realloc};
}

Needs needs_of_task_return(const Resolve& resolve, const Function& f) {
  Counter counter(resolve);
  const Flat result = counter.of_result(f);
  return {result.pointer || result.count > kMaxFlatParams, false};
}

}  // namespace skiff::component::tools
