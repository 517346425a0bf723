// InstanceTemplate: what the instances of an InstancePre have in common, and those that are idle. Private to
// instantiation.
//
// Which parts of an instance are the same at the beginning of each of its lives is decided here. An initialiser is
// static when it neither allocates nor depends on an import that is not the instance's own host function. If all that
// fills a module's tables is static, they are restored as they were, and if all its active data segments lie
// within its own memories, these get an image; otherwise that part is made anew each time, as in any instantiation.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/exec/const_eval.h"
#include "engine/exec/instance.h"
#include "engine/exec/pool.h"

namespace skiff {

class InstanceTemplate final : public IdleInstances, public std::enable_shared_from_this<InstanceTemplate> {
 public:
  /// A host function that every instance gets as its own.
  struct Host {
    HostFn fn = nullptr;               // null: this import is given at each instantiation
    void* data = nullptr;
    uint32_t type_id = 0;
  };

  /// `hosts`: one for each import.
  InstanceTemplate(ModulePtr module, std::vector<Host> hosts);
  ~InstanceTemplate() override;

  const ModulePtr& module() const { return module_; }
  const std::vector<Host>& hosts() const { return hosts_; }
  uint32_t host_count() const { return host_count_; }
  bool dynamic_global(uint32_t i) const { return global_dynamic_[i]; }
  const std::vector<uint32_t>& dynamic_globals() const { return dynamic_globals_; }

  /// Looks at the segments, once. Requires: all globals of the evaluator's instance have their values.
  void look_at_segments(ConstEvaluator& evaluator);
  // After that:
  bool tables_static() const { return tables_static_; }
  bool memories_static() const { return memories_static_; }
  bool all_static() const { return tables_static_ && memories_static_ && dynamic_globals_.empty(); }
  /// Image of a defined memory; null: zeros.
  const std::shared_ptr<const MemoryImage>& image(uint32_t defined) const { return images_[defined]; }

  /// An idle instance, or null.
  std::unique_ptr<Instance> take();
  /// Keeps an instance whose life has ended, if there is room.
  void give(std::unique_ptr<Instance> instance);
  bool drop_one() override;

  /// Value of an offset. Requires: a static expression, or the instance has all that it depends on.
  static uint64_t offset_of(ConstEvaluator& evaluator, const ConstExpr& expr, AddressType address);

 private:
  bool is_static(const ConstExpr& expr, ValType type) const;
  bool elems_static() const;
  bool elem_in_place(const ElemSegment& segment, ConstEvaluator& evaluator) const;
  std::optional<uint64_t> data_in_place(const DataSegment& segment, ConstEvaluator& evaluator) const;
  void look_at_data(ConstEvaluator& evaluator);
  uint64_t reserved_by(const Instance& instance) const;

  const ModulePtr module_;
  const ModuleInfo& info_;
  const std::vector<Host> hosts_;
  const std::shared_ptr<Pool> pool_;
  uint32_t host_count_ = 0;
  std::vector<bool> own_func_;         // by function index: the same in each life
  std::vector<bool> global_dynamic_;   // by global index
  std::vector<uint32_t> dynamic_globals_;
  bool recyclable_ = true;
  bool tables_static_ = false;
  bool memories_static_ = false;
  std::vector<std::shared_ptr<const MemoryImage>> images_;
  std::once_flag once_;
  FreeLists<std::unique_ptr<Instance>> idle_;
};

}  // namespace skiff
