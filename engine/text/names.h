// Identifier scopes of the text format, one per index space (Spec: text-context), and the arena that owns
// what a parsed Module points into.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/error.h"

namespace skiff::text {

/// Bytes and names that live as long as the arena; they never move.
class ByteArena {
 public:
  std::span<const uint8_t> store(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > left_) grow(bytes.size());
    uint8_t* p = next_;
    std::memcpy(p, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return {p, bytes.size()};
  }
  std::string_view store(std::string_view s) {
    const auto bytes = store(std::span(reinterpret_cast<const uint8_t*>(s.data()), s.size()));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  static constexpr size_t kChunk = size_t{1} << 14;
  void grow(size_t need) {
    const size_t size = need > kChunk ? need : kChunk;
    chunks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(size));
    next_ = chunks_.back().get();
    left_ = size;
  }

  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  uint8_t* next_ = nullptr;
  size_t left_ = 0;
};

/// Identifiers (without '$') and their indices. The views must outlive the scope.
class Scope {
 public:
  /// False when the identifier is bound already.
  bool bind(std::string_view id, uint32_t index) { return ids_.try_emplace(id, index).second; }
  std::optional<uint32_t> find(std::string_view id) const {
    const auto it = ids_.find(id);
    return it == ids_.end() ? std::nullopt : std::optional(it->second);
  }
  /// Empties the scope in time proportional to what it held (a large table is not cleared, but replaced).
  void clear() {
    if (ids_.empty()) return;
    if (ids_.bucket_count() > 1024) {
      ids_ = {};
    } else {
      ids_.clear();
    }
  }

 private:
  std::unordered_map<std::string_view, uint32_t> ids_;
};

/// An index space of a module: how many members it has, their identifiers, and what errors are called.
struct IndexSpace {
  ErrorCode unknown;
  ErrorCode duplicate;
  Scope scope = {};
  uint32_t count = 0;
};

/// The labels of a body: the innermost one of a name wins. Every operation takes constant time.
class LabelStack {
 public:
  void push(std::string_view id) {
    Label label{id, kNone};
    const auto depth = static_cast<uint32_t>(labels_.size());
    if (!id.empty()) {
      const auto [it, inserted] = innermost_.try_emplace(id, depth);
      if (!inserted) label.shadowed = it->second, it->second = depth;
    }
    labels_.push_back(label);
  }
  void pop() {
    const Label& label = labels_.back();
    if (!label.id.empty()) {
      if (label.shadowed == kNone)
        innermost_.erase(label.id);
      else
        innermost_[label.id] = label.shadowed;
    }
    labels_.pop_back();
  }
  std::string_view top() const { return labels_.back().id; }
  size_t depth() const { return labels_.size(); }
  /// How many labels lie inside the named one.
  std::optional<uint32_t> find(std::string_view id) const {
    const auto it = innermost_.find(id);
    if (it == innermost_.end()) return std::nullopt;
    return static_cast<uint32_t>(labels_.size()) - 1 - it->second;
  }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Label {
    std::string_view id;
    uint32_t shadowed;  // depth of the outer label of the same name
  };
  std::vector<Label> labels_;
  std::unordered_map<std::string_view, uint32_t> innermost_;
};

}  // namespace skiff::text
