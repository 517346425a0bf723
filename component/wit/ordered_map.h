// OrderedMap: string keys to values, iterated in the order of insertion, looked up by hash. Keys
// are unique. Iteration order is part of what WIT means (it becomes the order of imports, exports
// and types in the binary).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace skiff::component::wit {

/// Lets std::string keyed hash maps be searched by std::string_view.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

template <class V>
class OrderedMap {
 public:
  using Entry = std::pair<std::string, V>;

  /// Appends a new entry; false (and no change) when the key is there already.
  bool insert(std::string key, V value) {
    if (!index_.try_emplace(key, static_cast<uint32_t>(entries_.size())).second) return false;
    entries_.emplace_back(std::move(key), std::move(value));
    return true;
  }
  /// The value of a key, or null. Invalidates: nothing. The pointer lives until the next insert.
  V* find(std::string_view key) {
    const auto it = index_.find(key);
    return it == index_.end() ? nullptr : &entries_[it->second].second;
  }
  const V* find(std::string_view key) const { return const_cast<OrderedMap*>(this)->find(key); }
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  const Entry& operator[](size_t i) const { return entries_[i]; }
  Entry& operator[](size_t i) { return entries_[i]; }

  /// Brings the entries into the order of their ranks, keeping the order of equal ones.
  template <class Rank>
  void sort_by(Rank rank) {
    std::vector<std::pair<int, uint32_t>> order;
    for (uint32_t i = 0; i < entries_.size(); ++i) order.emplace_back(rank(entries_[i]), i);
    std::sort(order.begin(), order.end());
    std::vector<Entry> sorted;
    sorted.reserve(entries_.size());
    for (const auto& [of_rank, i] : order) sorted.push_back(std::move(entries_[i]));
    entries_ = std::move(sorted);
    for (uint32_t i = 0; i < entries_.size(); ++i) index_[entries_[i].first] = i;
  }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, uint32_t, StringHash, std::equal_to<>> index_;
};

}  // namespace skiff::component::wit
