// HostResource: what a handle of a host resource stands for; its address is the representation. All of one store
// are owned by its ResourceSet, which bounds their number and destroys what the guest leaves. A resource may have
// children (a stream its pollables): it cannot be dropped before them.
// Thread: as the store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "component/exec/resource.h"

namespace skiff::wasi {

/// What functions are called with: the resource types of a face, by R::kType.
struct HostTypes {
  std::vector<std::shared_ptr<component::ResourceType>> resources;
};

class HostResource {
 public:
  virtual ~HostResource() = default;
  HostResource(const HostResource&) = delete;
  uint64_t rep() const { return reinterpret_cast<uintptr_t>(this); }
  static HostResource* from_rep(uint64_t rep) {
    return reinterpret_cast<HostResource*>(static_cast<uintptr_t>(rep));
  }

 protected:
  HostResource() = default;

 private:
  friend class ResourceSet;
  HostResource* previous_ = nullptr;
  HostResource* next_ = nullptr;
  HostResource* parent_ = nullptr;
  uint32_t children_ = 0;
};

class ResourceSet {
 public:
  explicit ResourceSet(uint32_t limit) : limit_(limit) {}
  ResourceSet(const ResourceSet&) = delete;
  ~ResourceSet() {
    while (first_) {
      HostResource* r = first_;
      unlink(*r);
      delete r;
    }
  }

  bool full() const { return count_ >= limit_; }
  uint32_t count() const { return count_; }
  uint32_t room() const { return full() ? 0 : limit_ - count_; }
  /// Requires: !full().
  void add(HostResource* resource, HostResource* parent = nullptr) {
    resource->next_ = first_;
    if (first_) first_->previous_ = resource;
    first_ = resource;
    resource->parent_ = parent;
    if (parent) ++parent->children_;
    ++count_;
  }
  bool has_children(const HostResource& resource) const { return resource.children_ != 0; }
  /// False: it has children.
  bool drop(HostResource* resource) {
    if (resource->children_ != 0) return false;
    if (resource->parent_) --resource->parent_->children_;
    unlink(*resource);
    delete resource;
    return true;
  }

 private:
  void unlink(HostResource& r) {
    (r.previous_ ? r.previous_->next_ : first_) = r.next_;
    if (r.next_) r.next_->previous_ = r.previous_;
    --count_;
  }

  HostResource* first_ = nullptr;
  uint32_t count_ = 0;
  uint32_t limit_;
};

}  // namespace skiff::wasi
