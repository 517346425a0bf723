// Budget: how much work validating one component tree may take in all, so that small hostile inputs cannot
// cause large work through types that refer to types. Real components use a small fraction.
#pragma once

#include <cstdint>

namespace skiff::component {

class Budget {
 public:
  /// One step: visiting a type or an import. Making something costs kMake; comparing two types that bind
  /// resources costs kCompare and more for what they bind.
  static constexpr uint64_t kTotal = uint64_t{1} << 24;
  static constexpr uint64_t kMake = 32;
  static constexpr uint64_t kCompare = 32;
  /// What every definition adds.
  static constexpr uint64_t kDefinition = 256;

  void earn(uint64_t steps) {
    if (!exhausted_) left_ += steps;
  }

  /// False when nothing is left; it stays so.
  bool spend(uint64_t steps) {
    if (steps > left_) {
      left_ = 0;
      exhausted_ = true;
      return false;
    }
    left_ -= steps;
    return true;
  }
  bool exhausted() const { return exhausted_; }

 private:
  uint64_t left_ = kTotal;
  bool exhausted_ = false;
};

}  // namespace skiff::component
